import { readFile } from 'node:fs/promises';

/** Whether a process has this number now; one that may not be asked counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When the process began, in ticks of the machine since it was started: with the number it tells a process from a later
 * one of the same number. Empty where there is no such process, or no /proc.
 */
export async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc(5): field 22; the second field may hold spaces, so counting starts behind its parenthesis.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
