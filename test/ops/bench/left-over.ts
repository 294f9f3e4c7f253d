import { readdirSync, readFileSync } from 'node:fs';

/** Processes that were told of a folder, on their command line or in their environment. */
export function processesOf(folder: string): string[] {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc').filter(
    name =>
      /^\d+$/.test(name) &&
      `${read(`/proc/${name}/cmdline`)} ${read(`/proc/${name}/environ`)}`.includes(folder)
  );
}
