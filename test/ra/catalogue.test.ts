import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { intakeChecks } from '../../ra/intake/index.js';
import { codes } from '../../ra/index.js';

describe('catalogue of answers', () => {
  it('has error codes of the form that SEC Appendix M gives, each once', () => {
    const entries = Object.values(codes);
    for (const { errorCode } of entries) {
      expect(errorCode).to.match(/^[A-Z]{2}:[A-Za-z0-9]+$/);
      expect(errorCode.length).to.be.at.most(10);
    }
    expect(new Set(entries.map(({ errorCode }) => errorCode)).size).to.equal(entries.length);
  });

  it('uses the prefix of each status', () => {
    const prefixes = {
      UNKNOWN_DEVICE: 'UD',
      ISSUANCE_ANOMALY: 'CA',
      CSR_ERROR: 'CR',
      CA_ERROR: 'CA',
      FORMAT_ERROR: 'FM',
      WORKFLOW_ERROR: 'WF'
    };
    for (const [code, { errorCode, status }] of Object.entries(codes))
      expect(errorCode.slice(0, 2), code).to.equal(prefixes[status]);
  });

  it('never blames the client for a fault, nor asks to repeat what cannot succeed', () => {
    for (const [code, { http, status, retryable }] of Object.entries(codes)) {
      if (status === 'CA_ERROR') expect(http, code).to.be.at.least(500);
      if (http === 503) expect(retryable, code).to.equal(true);
      if (http < 500 && http !== 429) expect(retryable, code).to.equal(false);
    }
  });

  it('is the table of the handbook page', async () => {
    const page = await readFile(new URL('../../ra/README.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('<!-- codes'));
    const rows = table
      .split('\n')
      .filter(line => line.startsWith('| `'))
      .map(line =>
        line
          .split('|')
          .slice(1, -1)
          .map(cell => cell.trim().replaceAll('`', ''))
      );
    expect(rows).to.deep.equal(
      Object.entries(codes).map(([code, entry]) => [
        code,
        entry.status,
        entry.errorCode,
        String(entry.http),
        entry.retryable ? 'yes' : 'no',
        entry.text,
        entry.action
      ])
    );
  });

  it('orders the intake as the project has decided', () => {
    const order = ['interface', 'schema', 'R1–R8, R16', 'R9', 'R10', 'R13', 'R12', 'R11', 'R14–R15'];
    const rules = intakeChecks.map(({ rule }) => rule).filter(rule => order.includes(rule));
    expect(rules.filter((rule, index) => rules[index - 1] !== rule)).to.deep.equal(order);
  });
});
