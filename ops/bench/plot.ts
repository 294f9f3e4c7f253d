/** Draws a plot as SVG: axes with round ticks, lines with points, a legend. Text is escaped; nothing is loaded. */
import type { Plot, Series } from './result-file.js';
import { number } from './row.js';

const width = 720;
const height = 400;
const margin = { top: 40, right: 20, bottom: 52, left: 76 } as const;
/** Told apart by people who do not tell red from green (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#7a7a7a'];

type Scale = (value: number) => number;

export function drawPlot(plot: Plot): string {
  const points = plot.series.flatMap(series => series.points);
  const xs = points.map(([x]) => x);
  const logX = plot.logX === true && xs.every(x => x > 0);
  const xTicks = logX ? powers(xs) : ticks(bounds(xs));
  const yTicks = ticks([0, Math.max(1e-9, ...points.map(([, y]) => y))]);
  const x = scale(ends(xTicks), [margin.left, width - margin.right], logX);
  const y = scale(ends(yTicks), [height - margin.bottom, margin.top], false);
  const inner = [
    ...yTicks.map(tick => line(margin.left, y(tick), width - margin.right, y(tick), '#dddddd')),
    ...yTicks.map(tick => text(margin.left - 8, y(tick) + 4, label(tick), 'end')),
    ...xTicks.map(tick =>
      line(x(tick), height - margin.bottom, x(tick), height - margin.bottom + 5, '#444444')
    ),
    ...xTicks.map(tick => text(x(tick), height - margin.bottom + 20, label(tick), 'middle')),
    line(margin.left, height - margin.bottom, width - margin.right, height - margin.bottom, '#444444'),
    ...plot.series.flatMap((series, at) => curve(series, colourOf(at), x, y)),
    ...plot.series.map((series, at) => legend(series.label, at)),
    text(width / 2, 20, plot.title, 'middle', 15),
    text((margin.left + width - margin.right) / 2, height - 10, plot.x, 'middle'),
    `<g transform="translate(16 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)">${text(0, 0, plot.y, 'middle')}</g>`
  ];
  return svg(inner);
}

/** A bar of shares, each part with its name and per cent. */
export function drawShares(title: string, shares: Readonly<Record<string, number>>): string {
  const entries = Object.entries(shares).sort(([, a], [, b]) => b - a);
  const barHeight = Math.min(26, (height - margin.top - 20) / Math.max(1, entries.length) - 4);
  const longest = Math.max(1e-9, ...entries.map(([, share]) => share));
  const from = 220;
  const room = width - from - 80;
  const inner = entries.flatMap(([name, share], at) => {
    const top = margin.top + at * (barHeight + 4);
    const length = Math.max(0, (share / longest) * room);
    return [
      text(from - 8, top + barHeight / 2 + 4, name, 'end'),
      `<rect x="${from}" y="${fixed(top)}" width="${fixed(length)}" height="${fixed(barHeight)}" fill="${colourOf(0)}"/>`,
      text(from + length + 6, top + barHeight / 2 + 4, `${(share * 100).toFixed(1)} %`, 'start')
    ];
  });
  return svg([text(width / 2, 20, title, 'middle', 15), ...inner]);
}

function svg(inner: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="sans-serif" font-size="12">\n<rect width="${width}" height="${height}" fill="#ffffff"/>\n` +
    `${inner.join('\n')}\n</svg>\n`
  );
}

function curve({ points }: Series, colour: string, x: Scale, y: Scale): string[] {
  const placed = points.map(([px, py]) => [fixed(x(px)), fixed(y(py))] as const);
  const path = placed.map(([px, py]) => `${px},${py}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    // Dots on a curve of hundreds of samples would be a band.
    ...(placed.length > 60
      ? []
      : placed.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="3" fill="${colour}"/>`))
  ];
}

function legend(name: string, at: number): string {
  const top = margin.top + 8 + at * 16;
  const left = margin.left + 12;
  return (
    `<rect x="${left}" y="${top - 6}" width="14" height="4" fill="${colourOf(at)}"/>` +
    text(left + 20, top, name, 'start')
  );
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', size = 12): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" font-size="${size}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

function scale(from: readonly [number, number], to: readonly [number, number], log: boolean): Scale {
  const through = (value: number): number => (log ? Math.log10(value) : value);
  const [low, high] = [through(from[0]), through(from[1])];
  const span = high === low ? 1 : high - low;
  return value => to[0] + ((through(value) - low) / span) * (to[1] - to[0]);
}

function bounds(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low)) return [0, 1];
  return [low > 0 && low < high / 2 ? 0 : low, high === low ? low + 1 : high];
}

/** Five to ten round numbers around both ends. */
function ticks([low, high]: readonly [number, number]): number[] {
  const rough = (high - low) / 6;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5, 10].find(factor => factor * magnitude >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** Each value measured is a tick: there are few of them, and they are what was varied. */
function powers(values: readonly number[]): number[] {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  return distinct.length <= 10 ? distinct : [distinct[0] ?? 1, distinct.at(-1) ?? 10];
}

function ends(values: readonly number[]): readonly [number, number] {
  return [values[0] ?? 0, values.at(-1) ?? 1];
}

function label(value: number): string {
  if (value >= 1_000_000) return `${number(value / 1_000_000)} M`;
  return number(value);
}

function colourOf(at: number): string {
  return colours[at % colours.length] ?? '#000000';
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}
