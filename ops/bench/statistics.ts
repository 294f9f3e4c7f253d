/** The few statistics that the benchmarks state. */

/** The middle value, or the mean of the two. Throws `RangeError` where there is none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const upper = at(sorted, Math.floor(sorted.length / 2));
  return sorted.length % 2 === 1 ? upper : (upper + at(sorted, sorted.length / 2 - 1)) / 2;
}

/**
 * The smallest value that at least `percent` of all are not above (nearest rank, so it is one that was measured).
 * Throws `RangeError` where there is none.
 */
export function percentile(values: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`percentile ${percent}`);
  const sorted = ascending(values);
  return at(sorted, Math.ceil((percent / 100) * sorted.length) - 1);
}

/** p50 and p99 in milliseconds; undefined where nothing was timed. */
export function latencies(values: readonly number[]): {
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
} {
  if (values.length === 0) return { p50Ms: undefined, p99Ms: undefined };
  return { p50Ms: percentile(values, 50), p99Ms: percentile(values, 99) };
}

/**
 * Slope of the straight line through points by least squares, as the part of its mean by which y changes from the
 * first x to the last: 0 is flat, 0.1 is ten per cent more at the end.
 */
export function drift(points: readonly (readonly [x: number, y: number])[]): number {
  if (points.length < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (spread === 0 || meanY === 0) return 0;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const xs = points.map(([x]) => x);
  return (slope * (Math.max(...xs) - Math.min(...xs))) / meanY;
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('no values');
  // A Float64Array sorts numbers as numbers, and a million latencies in a tenth of the time.
  return Array.from(Float64Array.from(values).sort());
}

function at(sorted: readonly number[], index: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, index))] as number;
}
