import { Option, type Command } from 'commander';
import type { Terminal } from './terminal.js';

/** `smki openapi`: the description of a JSON API, the same that the service has at /openapi.json. */
export function registerOpenApi(program: Command, terminal: Terminal): void {
  program
    .command('openapi')
    .description(
      'prints the OpenAPI 3.1 description of a JSON API: that of the RA, or the validation service'
    )
    .addOption(new Option('--of <service>', 'whose').choices(['ra', 'validation']).default('ra'))
    .action(async ({ of }: { readonly of: 'ra' | 'validation' }) => {
      const document =
        of === 'ra'
          ? (await import('../../ra/index.js')).openApiDocument()
          : (await import('../../repository/index.js')).validationOpenApi();
      terminal.out(JSON.stringify(document, null, 2));
    });
}
