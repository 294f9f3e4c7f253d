/** What processes have cost, as Linux counts it (proc(5)). A process that is gone counts nothing any more. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of Linux on every architecture Node.js runs on: `/proc` counts in hundredths of a second. */
const microsPerTick = 10_000;

interface Stat {
  readonly parent: number;
  /** User and system time of the process itself. */
  readonly own: number;
  /** The same of its children that ended and were waited for. */
  readonly waitedFor: number;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      parent: field(4),
      own: (field(14) + field(15)) * microsPerTick,
      waitedFor: (field(16) + field(17)) * microsPerTick
    };
  } catch {
    return undefined;
  }
}

/** CPU in microseconds that a process has used, to ten milliseconds. */
export function cpuMicros(pid: number): number {
  return readStat(pid)?.own ?? 0;
}

/** CPU of a process with its children that ended: for a PostgreSQL whose backends come and go. */
export function cpuMicrosWithEnded(pid: number): number {
  const stat = readStat(pid);
  return stat === undefined ? 0 : stat.own + stat.waitedFor;
}

/** Processes whose parent it is. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(candidate => readStat(candidate)?.parent === pid);
}

/** Name of the program a process runs; empty when it is gone. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return '';
  }
}

/** Peak of resident memory (VmHWM), in MiB. */
export function peakMiB(pid: number): number {
  return statusMiB(pid, 'VmHWM');
}

/** Resident memory now (VmRSS), in MiB. */
export function residentMiB(pid: number): number {
  return statusMiB(pid, 'VmRSS');
}

function statusMiB(pid: number, field: string): number {
  try {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'latin1')
    );
    return Number(line?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
