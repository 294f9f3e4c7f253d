import { expect } from 'chai';
import { createPublicKey, randomBytes } from 'node:crypto';
import {
  HsmError,
  mintPermit,
  permitSecretOctets,
  startPkcs11KeyGenerator,
  type KeyAlgorithm,
  type KeyGenerator,
  type PublicKey,
  type Signer,
  type SignOutcome
} from '../../hsm/index.js';
import { SoftwareSigner } from '../../hsm/software/signer.js';
import { signatureIsGood, signerOptions, signRequest } from '../kit/signer.js';
import { createSoftHsm } from '../kit/softhsm.js';

interface Subject {
  readonly signer: Signer & KeyGenerator;
  dispose(): Promise<void>;
}

const subjects: Record<string, (permitSecret: Uint8Array) => Promise<Subject>> = {
  'PKCS#11, blocking calls': secret => pkcs11(secret, 'blocking'),
  'PKCS#11, parallel calls': secret => pkcs11(secret, 'parallel'),
  software: async permitSecret => ({
    signer: new SoftwareSigner({ permitSecret, healthKey: 'health' }),
    dispose: () => Promise.resolve()
  })
};

async function pkcs11(permitSecret: Uint8Array, calls: 'blocking' | 'parallel'): Promise<Subject> {
  const softHsm = createSoftHsm();
  const options = signerOptions(softHsm, softHsm.addToken('contract'), {
    permitSecret,
    calls,
    sessions: 4,
    healthKey: 'health'
  });
  const signer = await startPkcs11KeyGenerator(options);
  return { signer, dispose: () => signer.close().finally(() => softHsm.dispose()) };
}

for (const [name, make] of Object.entries(subjects)) {
  describe(`signer contract: ${name}`, () => {
    const secret = randomBytes(permitSecretOctets);
    let subject: Subject;
    let signer: Signer & KeyGenerator;
    const keys = {} as Record<KeyAlgorithm, PublicKey>;

    before(async () => {
      subject = await make(secret);
      signer = subject.signer;
      keys['P-256'] = await signer.generate('ec-1', 'P-256');
      keys['RSA-2048'] = await signer.generate('rsa-1', 'RSA-2048');
    });
    after(() => subject.dispose());

    it('shows the public key it made', async () => {
      expect(await signer.publicKey('ec-1')).to.deep.equal(keys['P-256']);
      expect(await signer.publicKey('rsa-1')).to.deep.equal(keys['RSA-2048']);
      const rsa = createPublicKey({ key: Buffer.from(keys['RSA-2048'].spki), format: 'der', type: 'spki' });
      expect(rsa.asymmetricKeyDetails).to.deep.include({ modulusLength: 2048, publicExponent: 65537n });
      // Exact DER, not only what a lenient reader takes.
      expect(rsa.export({ format: 'der', type: 'spki' })).to.deep.equal(Buffer.from(keys['RSA-2048'].spki));
    });

    for (const [algorithm, label, octets] of [
      ['P-256', 'ec-1', 64],
      ['RSA-2048', 'rsa-1', 256]
    ] as const) {
      it(`signs with ${algorithm}`, async () => {
        for (const data of [randomBytes(0), randomBytes(1), randomBytes(400), randomBytes(2_000_000)]) {
          const signature = await signer.sign(signRequest(secret, label, { data }));
          expect(signature.length).to.equal(octets);
          expect(signatureIsGood(keys[algorithm], data, signature)).to.equal(true);
          expect(signatureIsGood(keys[algorithm], Buffer.concat([data, Buffer.of(0)]), signature)).to.equal(
            false
          );
        }
      });
    }

    it('signs many in both lanes, each by itself and in order', async () => {
      const requests = Array.from({ length: 100 }, (_, index) =>
        signRequest(secret, index % 10 === 3 ? 'nobody' : index % 20 === 0 ? 'rsa-1' : 'ec-1', {
          lane: index % 2 === 0 ? 'adhoc' : 'batch'
        })
      );
      const outcomes = await signer.signMany(requests);
      outcomes.forEach((outcome, index) => {
        const { key, data } = requests[index]!;
        if (key === 'nobody') expect(codeOf(outcome)).to.equal('hsm/key-not-found');
        else if (!outcome.ok) throw outcome.error;
        else {
          const algorithm = key === 'ec-1' ? 'P-256' : 'RSA-2048';
          expect(signatureIsGood(keys[algorithm], data, outcome.signature)).to.equal(true);
        }
      });
    });

    it('signs nothing for an unknown key', async () => {
      await refused('hsm/key-not-found', signer.sign(signRequest(secret, 'nobody')));
      await refused('hsm/key-not-found', signer.publicKey('nobody'));
    });

    it('makes no second key of a label', async () => {
      await refused('hsm/key-exists', signer.generate('ec-1', 'P-256'));
      expect(await signer.publicKey('ec-1')).to.deep.equal(keys['P-256']);
    });

    it('refuses a permit that is missing, or for another secret, key, purpose or data', async () => {
      const good = signRequest(secret, 'ec-1');
      const { data, permit } = good;
      const wrong = [
        { ...good, permit: undefined as unknown as typeof permit },
        { ...good, permit: { ...permit, mac: randomBytes(32) } },
        { ...good, permit: { ...permit, mac: new Uint8Array(0) } },
        { ...good, permit: { ...permit, id: randomBytes(16) } },
        { ...good, permit: mintPermit(randomBytes(32), 'ec-1', 'certificate', data, randomBytes(16)) },
        { ...good, key: 'rsa-1' },
        { ...good, purpose: 'crl' as const },
        { ...good, data: Buffer.concat([data, Buffer.of(0)]) }
      ];
      for (const outcome of await signer.signMany(wrong)) expect(codeOf(outcome)).to.equal('hsm/permit');
    });

    it('refuses a spent permit, also for other data under the same id, also when both come at once', async () => {
      const request = signRequest(secret, 'ec-1');
      await signer.sign(request);
      await refused('hsm/permit', signer.sign(request));
      const data = randomBytes(10);
      const permit = mintPermit(secret, 'ec-1', 'certificate', data, request.permit.id);
      await refused('hsm/permit', signer.sign({ ...request, data, permit }));
      const twin = signRequest(secret, 'ec-1');
      const codes = (await signer.signMany([twin, twin])).map(codeOf);
      expect(codes).to.have.members(['ok', 'hsm/permit']);
    });

    it('keeps the health key for health checks, and health checks for it', async () => {
      const key = await signer.generate('health', 'P-256');
      const request = signRequest(secret, 'health', { purpose: 'health' });
      expect(signatureIsGood(key, request.data, await signer.sign(request))).to.equal(true);
      await refused('hsm/permit', signer.sign(signRequest(secret, 'health', { purpose: 'certificate' })));
      await refused('hsm/permit', signer.sign(signRequest(secret, 'ec-1', { purpose: 'health' })));
    });

    it('refuses what is no label', async () => {
      for (const label of ['', 'a b', 'ä', 'x'.repeat(129), 'a\0b']) {
        await refused('hsm/request', signer.publicKey(label));
        await refused('hsm/request', signer.generate(label, 'P-256'));
        await refused('hsm/request', signer.sign(signRequest(secret, label)));
      }
    });

    it('takes 32 calls at once', async () => {
      const requests = Array.from({ length: 32 }, () => signRequest(secret, 'ec-1'));
      const signatures = await Promise.all(requests.map(request => signer.sign(request)));
      signatures.forEach((signature, index) => {
        expect(signatureIsGood(keys['P-256'], requests[index]!.data, signature)).to.equal(true);
      });
    });
  });
}

function codeOf(outcome: SignOutcome): string {
  if (outcome.ok) return 'ok';
  return outcome.error instanceof HsmError ? outcome.error.code : String(outcome.error);
}

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => 'resolved',
    (error: unknown) => error
  );
  expect(error).to.be.instanceOf(HsmError).with.property('code', code);
}
