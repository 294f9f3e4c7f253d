import { renameSync, writeFileSync } from 'node:fs';

/**
 * What a component process says of itself once it serves: written to `DIR/run/INSTANCE.json`, read by the
 * launcher and by operators. Holds no secret.
 */
export interface ProcessStatus {
  readonly instance: string;
  readonly pid: number;
  /** Name of the listener to its URL, with the real port. */
  readonly urls: Readonly<Record<string, string>>;
  /** The signer processes this component started. */
  readonly signerPids: readonly number[];
  /** Unix socket or URL of metrics and health. */
  readonly metrics: string;
}

export function writeProcessStatus(file: string, status: ProcessStatus): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, JSON.stringify(status) + '\n', { mode: 0o600 });
  renameSync(temporary, file);
}
