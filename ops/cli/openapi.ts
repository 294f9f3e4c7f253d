import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

/** `smki openapi`: the description of the RA's JSON API, the same that it serves at /openapi.json. */
export function registerOpenApi(program: Command, terminal: Terminal): void {
  program
    .command('openapi')
    .description("prints the OpenAPI 3.1 description of the RA's JSON API")
    .action(async () => {
      const { openApiDocument } = await import('../../ra/index.js');
      terminal.out(JSON.stringify(openApiDocument(), null, 2));
    });
}
