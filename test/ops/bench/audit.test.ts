/** The full audit of a batch: that it finds nothing in a good one, and what it finds in others. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { judgeByOpenssl, type JudgedPair } from '../../../ops/bench/audit/openssl.js';
import { judgeProfiles, type AuditedItem } from '../../../ops/bench/audit/profile.js';
import { readResult } from '../../../ops/bench/result-file.js';
import { demoHwType } from '../../../ops/launch/seed.js';
import { encodePem, formatEui64 } from '../../../pki/index.js';
import { compiled } from '../../kit/compiled.js';
import { deviceDomain, issue, testPolicy } from '../../kit/hierarchy.js';
import { p256Key } from '../../kit/keys.js';
import { deviceRequest } from '../../kit/requests.js';

const run = promisify(execFile);

describe('smki bench audit', function () {
  this.timeout(180_000);

  it('judges every certificate of a small batch and finds nothing', async () => {
    const results = mkdtempSync(join(tmpdir(), 'opensmki-results-'));
    try {
      const args = ['bench', 'audit', '--quick', '--json', '--requests', '60', '--results', results];
      await run(process.execPath, [compiled('ops/smki'), ...args]);
      const point = readResult(results, 'audit')?.points['60 requests'];
      expect(point?.findings).to.equal(undefined);
      expect(point?.facts).to.include({ requests: 60, certificates: 60, findings: 0 });
      for (const what of ['profile', 'ledgers', 'downloads', 'books', 'OpenSSL'])
        expect(point?.facts[`judged ${what}`], what).to.equal(60);
      expect(point?.facts['judged logs']).to.equal(3);
    } finally {
      rmSync(results, { recursive: true });
    }
  });

  describe('of what is wrong', () => {
    const at = new Date();
    const domain = deviceDomain(at);
    const folder = mkdtempSync(join(tmpdir(), 'opensmki-audit-'));
    const made = (number: number): AuditedItem => {
      const key = p256Key();
      const eui = 0x0007_8100_0000_0100n + BigInt(number);
      const { certificate } = issue('device-ds', {
        ...{ key, at, issuer: domain.issuing, subject: { eui, hwType: demoHwType } }
      });
      return {
        ...{ id: `r${number}`, eui, usage: 'DS', certificate: certificate.der },
        request: deviceRequest({ key, eui: formatEui64(eui), hwType: demoHwType })
      };
    };
    const good = Array.from({ length: 6 }, (_, number) => made(number));
    const changed = (number: number, change: Partial<AuditedItem>): AuditedItem[] =>
      good.map((item, index) => (index === number ? { ...item, ...change } : item));
    const file = (name: string, der: Uint8Array): string => {
      writeFileSync(join(folder, name), encodePem('CERTIFICATE', der));
      return join(folder, name);
    };
    after(() => rmSync(folder, { recursive: true }));

    const byOpenssl = async (pairs: readonly JudgedPair[]): Promise<string[]> => {
      const found = await judgeByOpenssl(
        folder,
        pairs,
        {
          root: file('root.pem', domain.root.certificate.der),
          issuing: file('issuing.pem', domain.issuing.certificate.der),
          policyOid: testPolicy.figures['oid.smki-device'].value[0] ?? ''
        },
        () => undefined
      );
      return found.map(line => line.split(':')[0] ?? '');
    };
    const byProfile = (items: readonly AuditedItem[]): string[] => [
      ...new Set(
        judgeProfiles(items, { issuer: domain.issuing.certificate, policy: testPolicy, at }).map(
          line => line.split(':')[0] ?? ''
        )
      )
    ];

    it('nothing in good ones', async () => {
      expect(byProfile(good)).to.deep.equal([]);
      expect(await byOpenssl(good)).to.deep.equal([]);
    });

    it('a certificate for the key of another request', async () => {
      const swapped = changed(3, { certificate: good[4]!.certificate });
      expect(byProfile(swapped)).to.deep.equal(['r3']);
      expect(await byOpenssl(swapped)).to.deep.equal(['r3']);
    });

    it('a certificate for another device', () => {
      expect(byProfile(changed(1, { eui: good[1]!.eui + 1_000n }))).to.deep.equal(['r1']);
      expect(byProfile(changed(2, { usage: 'KA' }))).to.deep.equal(['r2']);
    });

    it('a signature that is none', async () => {
      const certificate = Uint8Array.from(good[5]!.certificate);
      certificate[certificate.length - 1]! ^= 1;
      expect(await byOpenssl(changed(5, { certificate }))).to.deep.equal(['r5']);
    });

    it('a certificate that is none', () => {
      expect(byProfile(changed(0, { certificate: new Uint8Array(9) }))).to.deep.equal(['r0']);
    });
  });
});
