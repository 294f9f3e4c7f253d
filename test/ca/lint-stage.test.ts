import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { auditEvents, refusalCodes, stages } from '../../ca/index.js';
import { certificatePermitId, createLintStage } from '../../ca/issue/lint-stage.js';
import { SoftwareSigner } from '../../hsm/software/signer.js';
import { newSerial, parseCertificate } from '../../pki/index.js';
import { codeOfAsync } from '../kit/errors.js';
import { p256Key } from '../kit/keys.js';
import { policy, softwareHierarchy, TestClock } from './kit.js';

const folder = fileURLToPath(new URL('../../ca/', import.meta.url));
const sources = new Map(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => [name, readFileSync(join(folder, name), 'utf8')])
);
/** Names of the files whose text holds it. */
const filesWith = (text: string) =>
  [...sources].filter(([, source]) => source.includes(text)).map(([name]) => name);

describe('ca: the lint stage', () => {
  it('is the only place that mints permits', () => {
    expect(filesWith('mintPermit')).to.deep.equal(['issue/lint-stage.ts']);
  });

  it('mints a permit for exactly the linted bytes, key and purpose, once', async function () {
    this.timeout(20_000);
    const clock = new TestClock();
    const { hierarchy } = await softwareHierarchy(clock);
    const permitSecret = randomBytes(32);
    const signer = new SoftwareSigner({ permitSecret });
    for (const key of ['test-a', 'test-b']) await signer.generate(key, 'P-256');
    const preparation = createLintStage(permitSecret, policy).certificate({
      profile: 'device-ds',
      issuer: parseCertificate(hierarchy.certificates['issuing-dca']),
      keyLabel: 'test-a',
      serial: newSerial(octets => randomBytes(octets)),
      spki: p256Key().spki,
      subject: { eui: 1n, hwType: '1.3.6.1.4.1.99999.1' },
      at: clock.now(),
      permitId: certificatePermitId(randomBytes(16), 1, 0),
      lane: 'adhoc'
    });
    if (!preparation.ok) return expect.fail(preparation.findings.join());
    const { signRequest, tbs } = preparation.prepared;
    expect(signRequest.data).to.equal(tbs);
    const altered = Uint8Array.from(tbs);
    altered[40] = (altered[40] ?? 0) ^ 1;
    for (const other of [{ data: altered }, { key: 'test-b' }, { purpose: 'crl' as const }])
      expect(await codeOfAsync(signer.sign({ ...signRequest, ...other }))).to.equal('hsm/permit');
    expect(await signer.sign(signRequest)).to.have.length(64);
    expect(await codeOfAsync(signer.sign(signRequest))).to.equal('hsm/permit');
  });
});

describe('ca: its tables', () => {
  const used = (name: string) =>
    filesWith(`'${name}'`).filter(file => !/^(stages|audit-events|errors)\.ts$/.test(file));
  it('every stage is called somewhere', () => {
    for (const stage of stages) expect(used(stage), stage).to.not.be.empty;
  });
  it('every refusal code is given somewhere', () => {
    for (const code of Object.keys(refusalCodes)) expect(used(code), code).to.not.be.empty;
  });
  it('every audit event is recorded somewhere', () => {
    const unused = Object.keys(auditEvents).filter(type => used(type).length === 0);
    expect(unused).to.deep.equal([]);
  });
});
