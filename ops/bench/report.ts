import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { curves } from './curves.js';
import { drawPlot } from './plot.js';
import { readResults, type Plot, type ResultFile } from './result-file.js';
import { number, type BenchRow } from './row.js';
import { targets } from './targets.js';
import { writePlots } from './index.js';

/** Writes `REPORT.md` beside the folder of results and its plots in `plots`; answers where. */
export function writeReport(resultsFolder: string): string {
  const folder = dirname(resultsFolder);
  const results = readResults(resultsFolder);
  const plots = join(folder, 'plots');
  mkdirSync(plots, { recursive: true });
  const drawn = new Map<string, string[]>();
  for (const [name, result] of results) {
    const files = Object.entries(result.points).flatMap(([key, point]) =>
      writePlots(plots, name, key, point)
    );
    for (const plot of acrossPoints(result)) {
      writeFileSync(join(plots, `${plot.name}.svg`), drawPlot(plot));
      files.push(`${plot.name}.svg`);
    }
    drawn.set(name, [...new Set(files)]);
  }
  const file = join(folder, 'REPORT.md');
  writeFileSync(file, formatReport(results, drawn));
  return file;
}

/** The report's text. @param plots names of SVG files in `plots`, by benchmark */
export function formatReport(
  results: ReadonlyMap<string, ResultFile>,
  plots: ReadonlyMap<string, readonly string[]>
): string {
  const sections = [
    '# Benchmarks',
    'Made by `smki bench report` from the files in `results`; do not edit. How each figure is measured, and what the ratios ' +
      'are ratios of, is in [README.md](README.md). C is the crypto limit of the same run: one verification under a key ' +
      'imported before and one signature of the token a certificate, on two processes that do nothing else.',
    '## Targets',
    targetTable(results),
    ...shortfalls(results),
    ...[...results.values()].map(result => benchSection(result, plots.get(result.name) ?? []))
  ];
  return sections.join('\n\n') + '\n';
}

function targetTable(results: ReadonlyMap<string, ResultFile>): string {
  const lines = targets.map(({ work, target, reachFor, reached }) => {
    const found = reached(results);
    const value = found === undefined ? 'not measured' : `${number(found.value)} ${found.unit}`;
    const verdict = found === undefined ? '' : found.met ? 'met' : '**missed**';
    return [work, target, reachFor, value, verdict];
  });
  return table(['work', 'target', 'reach for', 'reached', ''], lines);
}

/** Why what is missed is missed. */
function shortfalls(results: ReadonlyMap<string, ResultFile>): string[] {
  const missed = targets.filter(({ reached }) => reached(results)?.met === false);
  const reasons = new Map<string, string[]>();
  for (const { work, short } of missed)
    if (short !== undefined) reasons.set(short, [...(reasons.get(short) ?? []), work]);
  if (reasons.size === 0) return [];
  return ['### Below target', ...[...reasons].map(([short, works]) => `**${works.join('; ')}.** ${short}`)];
}

function benchSection(result: ResultFile, plots: readonly string[]): string {
  const { machine, name } = result;
  const parts = [
    `## ${name}`,
    `Measured ${result.startedAt.slice(0, 10)} to ${result.updatedAt.slice(0, 10)} on ${machine.cores} cores of ${machine.cpu}, ` +
      `${number(machine.memoryMiB / 1024)} GiB; Node.js ${machine.node} with OpenSSL ${machine.openssl}, PostgreSQL ${machine.postgres}, ` +
      `SoftHSM ${machine.softhsm}; ${machine.software}, commit ${machine.commit}.`
  ];
  for (const [key, point] of Object.entries(result.points)) {
    parts.push(`### ${name}: ${key}`);
    if (point.rows.length > 0) parts.push(rowTable(point.rows));
    if (point.notes !== undefined && point.notes.length > 0)
      parts.push(point.notes.map(note => `- ${note}`).join('\n'));
    if (point.stages !== undefined)
      parts.push(
        table(
          ['stage', 'share of CPU'],
          Object.entries(point.stages).map(([stage, share]) => [stage, `${(share * 100).toFixed(1)} %`])
        )
      );
    if (Object.keys(point.facts).length > 0)
      parts.push(
        '<details><summary>Figures</summary>\n\n' +
          table(
            ['', ''],
            Object.entries(point.facts).map(([fact, value]) => [fact, number(value)])
          ) +
          '\n\n</details>'
      );
  }
  for (const file of plots) {
    const plot = file.replace(/\.svg$/, '');
    parts.push(`![${plot}](plots/${file})`);
    const words = curves[plot];
    if (words !== undefined) parts.push(words);
  }
  return parts.join('\n\n');
}

function rowTable(rows: readonly BenchRow[]): string {
  const shown = (value: number | null): string => (value === null ? '' : number(value));
  return table(
    ['', 'limit/s', 'per second', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs', 'RSS MiB'],
    rows.map(row => [
      row.name,
      shown(row.limitPerSecond),
      number(row.perSecond),
      row.ratio === null ? '' : row.ratio.toFixed(3),
      shown(row.p50Ms),
      shown(row.p99Ms),
      shown(row.cpuMicrosPerItem),
      shown(row.rssMiB)
    ])
  );
}

function table(heading: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...lines.map(line)].join('\n');
}

/** What was varied from point to point, drawn as one curve: a full run is resumed, so no point knows the others. */
function acrossPoints(result: ResultFile): Plot[] {
  const curve = (
    name: string,
    title: string,
    x: string,
    key: RegExp,
    fits: (row: BenchRow) => boolean
  ): Plot[] => {
    const points = Object.entries(result.points).flatMap(([point, { rows }]): [number, number][] => {
      const varied = key.exec(point)?.[1];
      const row = rows.find(fits);
      return varied === undefined || row === undefined
        ? []
        : [[Number(varied.replaceAll(',', '')), row.perSecond]];
    });
    points.sort(([a], [b]) => a - b);
    if (points.length < 2) return [];
    return [{ name, title, x, y: 'per second', logX: true, series: [{ label: 'certificates', points }] }];
  };
  const fromUpload = (row: BenchRow): boolean => row.name.endsWith('from upload');
  switch (result.name) {
    case 'batch':
      return [
        ...curve('batch-size', 'Rate over size of the batch', 'requests', /^([\d,]+) requests$/, fromUpload),
        ...curve(
          'batch-in-flight',
          'Rate over batches in flight',
          'batches',
          /^(\d+) in flight$/,
          fromUpload
        ),
        ...curve(
          'batch-workers',
          'Rate over CA processes',
          'CA processes',
          /^(\d+) CA processes$/,
          fromUpload
        )
      ];
    case 'core':
      return curve(
        'core-workers',
        'Issuance core over CA processes',
        'CA processes',
        /^(\d+) workers$/,
        row => row.name.endsWith('CA processes') || row.name.endsWith('CA process')
      );
    default:
      return [];
  }
}
