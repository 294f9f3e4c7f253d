import type { Policy } from '../../pki/index.js';
import { secondOfDay } from '../local-time.js';

/** Whether batches are processed at a moment, and since when this window is open. */
export interface ProcessingWindow {
  readonly open: boolean;
  /** Beginning of the night; absent where there is no window and batches are processed at any time. */
  readonly since?: Date;
}

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
