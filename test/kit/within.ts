import { expect } from 'chai';

/**
 * Runs work that must end within a bound, in milliseconds. Of wall clock and processor time the smaller counts: what the
 * machine gives to other programs is not ours.
 */
export function within<T>(ms: number, run: () => T): T {
  const wall = performance.now();
  const processor = process.cpuUsage();
  const answer = run();
  const { user, system } = process.cpuUsage(processor);
  expect(Math.min(performance.now() - wall, (user + system) / 1_000), 'milliseconds').to.be.below(ms);
  return answer;
}
