import type { Command } from 'commander';

/** What a component's process entry exports: serves until it is told to stop. */
type Run = (configFile: string) => Promise<void>;

/** Adds `run --config FILE` to a component's command; `load` imports the component when it is asked for. */
export function registerRun(component: Command, load: () => Promise<Run>): void {
  component
    .command('run')
    .description('runs the component in this process until SIGTERM or SIGINT')
    .requiredOption('--config <file>', 'configuration, JSON')
    .action(async ({ config }: { readonly config: string }) => {
      const run = await load();
      await run(config);
    });
}
