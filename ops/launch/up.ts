import type { UpOptions } from '../cli/launch.js';
import { seedDemoParties } from './seed.js';
import { writeEndpoints } from './endpoints.js';
import { startSystem } from './system.js';

/** How often `endpoints.json` is compared with what runs. */
const refreshMs = 250;

/**
 * Serves a whole system of the test environment on loopback until SIGTERM or SIGINT: everything said to standard
 * error, one line `ready PATH` to standard output once `endpoints.json` is written.
 */
export async function runUp(options: UpOptions): Promise<void> {
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const ended = new Promise<NodeJS.Signals>(resolve => {
    // Once more while it stops must not end the launcher before what it started.
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
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
    batchApproval: options.batchApproval,
    ports: options.ports,
    restart: true
  });
  let refresh: NodeJS.Timeout | undefined;
  try {
    if (!interrupted) {
      const demo = await seedDemoParties(system, report);
      const file = writeEndpoints(system, demo);
      // A component, signer or server that was started again has another process id.
      refresh = setInterval(() => {
        try {
          writeEndpoints(system, demo);
        } catch (error) {
          report(`endpoints.json could not be written: ${String(error)}`);
        }
      }, refreshMs);
      process.stdout.write(`ready ${file}\n`);
    }
    const signal = await ended;
    report(`${signal}: stopping`);
  } finally {
    clearInterval(refresh);
    await system.stop();
  }
  report('stopped');
}
