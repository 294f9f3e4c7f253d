import type { UpOptions } from '../cli/launch.js';
import { seedDemoParties } from './seed.js';
import { writeEndpoints } from './endpoints.js';
import { startSystem } from './system.js';

/**
 * Serves a whole system of the test environment on loopback until SIGTERM or SIGINT: everything said to standard
 * error, one line `ready PATH` to standard output once `endpoints.json` is written.
 */
export async function runUp(options: UpOptions): Promise<void> {
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const ended = new Promise<NodeJS.Signals>(resolve => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  let interrupted = false;
  void ended.then(() => {
    interrupted = true;
  });
  const system = await startSystem({
    data: options.data,
    report,
    repositoryApiKey: options.repositoryApiKey,
    databaseUrl: options.databaseUrl,
    pkcs11: options.pkcs11,
    tokenLabel: options.tokenLabel,
    ports: options.ports,
    restart: true
  });
  try {
    if (!interrupted) {
      const demo = await seedDemoParties(system, report);
      const file = writeEndpoints(system, demo);
      // A process that was started again has another process id.
      system.onChange(() => void writeEndpoints(system, demo));
      process.stdout.write(`ready ${file}\n`);
    }
    const signal = await ended;
    report(`${signal}: stopping`);
  } finally {
    await system.stop();
  }
  report('stopped');
}
