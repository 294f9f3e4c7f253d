import { readdirSync, readFileSync } from 'node:fs';

/** A process that ran: its id may be somebody else's later, together with its start time it is not. */
export interface Seen {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/** Parent and start time (in ticks since boot) out of /proc/PID/stat, whose second field may hold anything. */
function stat(pid: number): { readonly parent: number; readonly startedAt: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it waits for its parent to ask.
    if (fields[0] === 'Z') return undefined;
    return { parent: Number(fields[1]), startedAt: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** `NAME=value` of a process, joined by NUL as the kernel holds them. */
export function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'utf8');
}

/** A process and everything below it. */
export function family(root: number): Seen[] {
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const found = stat(Number(name));
      return found === undefined ? [] : [{ pid: Number(name), ...found }];
    });
  const members = new Set([root]);
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all
    .filter(({ pid }) => members.has(pid))
    .map(({ pid, startedAt }) => ({ pid, startedAt, command: commandLine(pid) }));
}

/** Those that still run. */
export function alive(seen: readonly Seen[]): Seen[] {
  return seen.filter(({ pid, startedAt }) => stat(pid)?.startedAt === startedAt);
}
