import type { Policy } from '../../pki/index.js';

/** Whether batches are processed at a moment, and since when this window is open. */
export interface ProcessingWindow {
  readonly open: boolean;
  /** Beginning of the night; absent where there is no window and batches are processed at any time. */
  readonly since?: Date;
}

const london = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});

/**
 * The hours in which Appendix N plans with batches (`batch.night.*`), in local time. The night in which the clocks
 * change is an hour longer or shorter, and its beginning is then told an hour off: nothing but the count of a night's
 * requests depends on it.
 */
export function windowAt(policy: Policy, at: Date): ProcessingWindow {
  if (policy.figures['batch.window'].value === 'always') return { open: true };
  const from = policy.figures['batch.night.from'].value * 3_600;
  const until = policy.figures['batch.night.until'].value * 3_600;
  const now = secondOfDay(at);
  const open = from <= until ? now >= from && now < until : now >= from || now < until;
  const elapsed = (now - from + 86_400) % 86_400;
  return { open, since: new Date(at.getTime() - elapsed * 1_000) };
}

function secondOfDay(at: Date): number {
  let seconds = 0;
  for (const { type, value } of london.formatToParts(at)) {
    if (type === 'hour') seconds += Number(value) * 3_600;
    if (type === 'minute') seconds += Number(value) * 60;
    if (type === 'second') seconds += Number(value);
  }
  return seconds;
}
