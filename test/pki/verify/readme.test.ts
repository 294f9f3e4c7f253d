import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { cellsOf, markdownTable, ruleRows, type RuleRow } from './rule-table.js';

const page = readFileSync(new URL('README.md', import.meta.url), 'utf8');

describe('test/pki/verify/README.md', () => {
  let rows: RuleRow[] = [];
  before(async () => {
    rows = await ruleRows();
  });

  it('has the table of rules and cases, which this prints', () => {
    const table = markdownTable(rows);
    process.stdout.write(`\n${table}\n\n`);
    const [, kept] = /<!-- rules -->\n\n([\s\S]*?)\n\n<!-- end of rules -->/.exec(page) ?? [];
    expect(cellsOf(kept ?? '')).to.deep.equal(cellsOf(table));
  });

  it('has a good and a bad case of every rule', () => {
    expect(rows.length).to.be.greaterThan(40);
    const lacking = rows.filter(({ rule: { cases } }) => {
      const good = cases.filter(one => one.expect === 'valid').length;
      return good === 0 || good === cases.length;
    });
    expect(lacking.map(({ rule }) => rule.rule)).to.deep.equal([]);
  });

  it('has rules with a clause, and cases with titles of their own', () => {
    for (const { rule } of rows) {
      expect(rule.clause, rule.rule).to.match(/\d/);
      const titles = rule.cases.map(({ title }) => title);
      expect(new Set(titles).size, rule.rule).to.equal(titles.length);
    }
  });
});
