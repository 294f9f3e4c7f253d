/** The table of rules × cases, from the declarative case tables beside this file. */
import { readdirSync } from 'node:fs';
import type { KeyKind, RuleCases } from '../../kit/pki/index.js';

/** Folders with case tables, in the order of the README. */
const parts = ['path', 'revocation', 'smki'] as const;

/** A case that does not say otherwise runs on these. */
const usualKeys: readonly KeyKind[] = ['P-256', 'RSA-2048'];

export interface RuleRow {
  readonly part: (typeof parts)[number];
  /** File of the case table, without its ending. */
  readonly table: string;
  readonly rule: RuleCases;
}

/** Every rule of every table `PART/cases/*.ts`, which exports `rules`. */
export async function ruleRows(): Promise<RuleRow[]> {
  const rows: RuleRow[] = [];
  for (const part of parts) {
    const folder = new URL(`./${part}/cases/`, import.meta.url);
    for (const name of readdirSync(folder).sort()) {
      const table = name.slice(0, -'.ts'.length);
      const { rules } = (await import(new URL(name, folder).href)) as { rules?: readonly RuleCases[] };
      for (const rule of rules ?? []) rows.push({ part, table, rule });
    }
  }
  return rows;
}

/** Markdown: one row a rule, with the number of its good and bad cases and the keys they run on. */
export function markdownTable(rows: readonly RuleRow[]): string {
  const cells = rows.map(({ part, table, rule: { rule, clause, cases } }) => {
    const good = cases.filter(({ expect }) => expect === 'valid').length;
    const keys = [...new Set(cases.flatMap(({ on }) => on ?? usualKeys))].sort();
    return [
      `[${part}/${table}](${part}/cases/${table}.ts)`,
      rule.replaceAll('|', '\\|'),
      clause,
      String(good),
      String(cases.length - good),
      keys.join(', ')
    ];
  });
  const head = ['cases', 'rule', 'clause', 'good', 'bad', 'keys'];
  return [head, head.map(() => '---'), ...cells].map(row => `| ${row.join(' | ')} |`).join('\n');
}

/** The cells of a Markdown table's rows, without the padding that a formatter gives them. */
export function cellsOf(table: string): string[][] {
  return table.split('\n').map(row => row.split(/(?<!\\)\|/).map(cell => cell.trim().replace(/^-+$/, '---')));
}
