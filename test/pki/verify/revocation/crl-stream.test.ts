import { expect } from 'chai';
import { createHash, createSign } from 'node:crypto';
import { bitString, contextTagged, integer, sequence, tags, time, tlv } from '../../../../pki/der/index.js';
import { CrlReader } from '../../../../pki/verify/revocation/crl-stream.js';
import { readCrl } from '../../../../pki/verify/revocation/crl.js';
import type { CrlEntry } from '../../../../pki/verify/revocation/crl-entry.js';
import {
  algorithmDer,
  anchor,
  crlDer,
  day,
  ext,
  testMoment,
  usualAlgorithm,
  type CrlInput,
  type Entity
} from '../../../kit/pki/index.js';
import { codeOfAsync } from '../../../kit/errors.js';
import { verifyCrlStream } from '../../../../pki/verify/revocation/verify-crl-stream.js';

const milliseconds = () => performance.now();

function* piecesOf(octets: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function* slowly(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await new Promise(resolve => setImmediate(resolve));
    yield chunk;
  }
}

/** Everything a reader says, and the octets it passed on as signed. */
async function readAll(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
  const signed = createHash('sha256');
  const reader = new CrlReader(chunks, octets => signed.update(octets), milliseconds);
  const head = await reader.head();
  const entries: CrlEntry[] = [];
  for await (const entry of reader.entries()) entries.push(entry);
  const tail = await reader.tail();
  return { head, entries, tail, signed: signed.digest('hex') };
}

describe('the streaming reader of revocation lists', () => {
  const issuer = anchor('O=Streams, CN=Root');

  const list = (input: CrlInput = {}) =>
    crlDer(issuer, {
      number: 7,
      entries: Array.from({ length: 40 }, (_, i) => ({
        serial: 1_000 + i,
        ...(i % 3 === 0 ? { reason: 1 } : {}),
        ...(i % 10 === 0 ? { moreExtensions: [ext.invalidityDate(testMoment)] } : {})
      })),
      ...input
    });

  it('says what the whole reader says, whatever the size of the pieces', async () => {
    const der = list();
    const whole = readCrl(der);
    for (const size of [1, 2, 3, 7, 64, 1_000, der.length]) {
      const { head, entries, tail, signed } = await readAll(piecesOf(der, size));
      expect(entries, `pieces of ${size}`).to.deep.equal([...whole.entries()]);
      expect(tail.entryCount).to.equal(whole.entryCount);
      expect(tail.number).to.equal(7n);
      expect(head.thisUpdate).to.deep.equal(whole.thisUpdate);
      expect(Buffer.from(tail.signature).equals(whole.signature)).to.equal(true);
      expect(signed).to.equal(createHash('sha256').update(whole.tbs).digest('hex'));
    }
  });

  it('reads asynchronous sources, empty pieces and lists without entries', async () => {
    const der = list();
    const { entries } = await readAll(slowly(piecesOf(der, 100)));
    expect(entries).to.have.length(40);
    const sparse = [...piecesOf(der, 50)].flatMap(piece => [new Uint8Array(), piece, new Uint8Array()]);
    expect((await readAll(sparse)).entries).to.have.length(40);
    expect((await readAll([list({ entries: [] })])).entries).to.have.length(0);
  });

  it('carries certificateIssuer along in an indirect list', async () => {
    const der = list({
      entries: [{ serial: 1 }, { serial: 2, issuer: 'CN=A' }, { serial: 3 }, { serial: 4, issuer: 'CN=B' }],
      extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) }
    });
    const { entries } = await readAll(piecesOf(der, 11));
    const first = entries.map(({ issuers }) => issuers?.[0]?.rdns[0]?.[0]?.text);
    expect(first).to.deep.equal([undefined, 'A', 'A', 'B']);
  });

  it('refuses every truncation and every octet too many', async () => {
    const der = list({ entries: [{ serial: 5, reason: 1 }] });
    for (let length = 0; length < der.length; length++)
      expect(await codeOfAsync(readAll([der.subarray(0, length)])), `${length} octets`).to.equal(
        'der/truncated'
      );
    expect(await codeOfAsync(readAll([der, new Uint8Array(1)]))).to.equal('der/trailing');
  });

  it('agrees with the whole reader on every octet changed', async () => {
    const der = list({ entries: [{ serial: 5, reason: 1 }, { serial: 6 }] });
    const outcome = async (run: () => unknown) => {
      try {
        await run();
        return 'read';
      } catch {
        return 'refused';
      }
    };
    for (let at = 0; at < der.length; at++)
      for (const change of [0x01, 0x20, 0x80]) {
        const changed = Uint8Array.from(der);
        changed[at] = (changed[at] as number) ^ change;
        const whole = await outcome(() => readCrl(changed));
        expect(await outcome(() => readAll(piecesOf(changed, 33))), `octet ${at}`).to.equal(whole);
      }
  });

  it('holds neither an entry nor a field larger than its limits', async () => {
    const huge = list({
      entries: [{ serial: 1, moreExtensions: [ext.subjectKeyIdentifier(new Uint8Array(20_000))] }]
    });
    expect(await codeOfAsync(readAll(piecesOf(huge, 1_000)))).to.equal('der/size');
    const wide = list({ moreExtensions: [ext.subjectKeyIdentifier(new Uint8Array(70_000))] });
    expect(await codeOfAsync(readAll(piecesOf(wide, 1_000)))).to.equal('der/size');
  });

  describe('judged', () => {
    const judged = (chunks: Iterable<Uint8Array>, at = testMoment, by: Entity = issuer) =>
      verifyCrlStream({ chunks, issuer: by.der, at });

    async function verdictOf(...input: Parameters<typeof judged>): Promise<string> {
      const verdict = await judged(...input).verdict();
      return verdict.valid ? 'valid' : verdict.failure.code;
    }

    it('answers as verifyCrl does', async () => {
      const other = anchor('O=Streams, CN=Other');
      const pieces = (input?: CrlInput) => piecesOf(list(input), 100);
      expect(await verdictOf(pieces())).to.equal('valid');
      expect(await verdictOf(pieces({ signature: 'broken' }))).to.equal('revocation/signature');
      expect(await verdictOf(pieces({ signer: other.key }))).to.equal('revocation/signature');
      expect(await verdictOf(pieces({ algorithm: 'ecdsa-sha1' }))).to.equal('revocation/signature');
      expect(await verdictOf(pieces(), testMoment, other)).to.equal('revocation/signer');
      expect(await verdictOf(pieces(), new Date(testMoment.getTime() + 2 * day))).to.equal(
        'revocation/stale'
      );
      expect(await verdictOf(pieces(), new Date(testMoment.getTime() - 2 * day))).to.equal(
        'revocation/not-yet-valid'
      );
      const delta = { deltaCrlIndicator: ext.deltaCrlIndicator(3) };
      expect(await verdictOf(pieces({ extensions: delta }))).to.equal('revocation/delta');
      expect(await verdictOf([new Uint8Array(9)])).to.equal('revocation/malformed');
      expect(await verdictOf([])).to.equal('revocation/malformed');
    });

    it('verifies RSA and PSS over octets that pass by once', async () => {
      const rsa = anchor('O=Streams, CN=RSA', { kind: 'RSA-2048' });
      for (const algorithm of ['rsa-sha256', 'rsa-sha512', 'pss-sha256', 'pss-sha384'] as const) {
        expect(await verdictOf([crlDer(rsa, { algorithm })], testMoment, rsa), algorithm).to.equal('valid');
        const broken = crlDer(rsa, { algorithm, signature: 'broken' });
        expect(await verdictOf([broken], testMoment, rsa), algorithm).to.equal('revocation/signature');
      }
    });

    it('ends a loop by itself only when the list has been verified', async () => {
      const serials = async (stream: ReturnType<typeof judged>) => {
        const seen: string[] = [];
        for await (const { serialHex } of stream.entries) seen.push(serialHex);
        return seen;
      };
      expect(await serials(judged([list()]))).to.have.length(40);
      const forged = judged([list({ signature: 'broken' })]);
      expect(await codeOfAsync(serials(forged))).to.equal('revocation/signature');
      expect(await codeOfAsync(serials(forged)), 'a second loop').to.equal('revocation/signature');
      expect(await forged.verdict()).to.have.nested.property('failure.code', 'revocation/signature');
    });

    it('reads the rest for the verdict when a loop was left', async () => {
      const stream = judged(piecesOf(list(), 64));
      for await (const entry of stream.entries) {
        expect(entry.serialHex).to.equal('03E8');
        break;
      }
      expect(await stream.verdict()).to.include({ valid: true, entryCount: 40, number: 7n });
    });

    it('passes on what the source throws, and goes on doing so', async () => {
      const source = (function* () {
        yield list().subarray(0, 50);
        throw new Error('the file is gone');
      })();
      const stream = judged(source);
      const message = (error: unknown) => (error instanceof Error ? error.message : '');
      expect(await stream.verdict().catch(message)).to.equal('the file is gone');
      const loop = (async () => {
        for await (const entry of stream.entries) expect(entry).to.equal(undefined);
      })();
      expect(await loop.catch(message)).to.equal('the file is gone');
    });
  });

  describe('a million entries', () => {
    const count = 1_000_000;
    const perChunk = 2_000;

    /** Of each entry its serial number's last four octets differ; making them one by one would measure that. */
    const entry = sequence(
      tlv(tags.integer, Buffer.from('4a00000000000000', 'hex')),
      time(new Date('2026-01-01T00:00:00Z')),
      sequence(ext.reasonCode(1))
    );
    const entries = count * entry.length;

    function* entryChunks(): Generator<Uint8Array> {
      const lastOctets = 2 + 2 + 4;
      for (let from = 0; from < count; from += perChunk) {
        const chunk = Buffer.alloc(perChunk * entry.length, entry);
        for (let i = 0; i < perChunk; i++) chunk.writeUInt32BE(from + i, i * entry.length + lastOctets);
        yield chunk;
      }
    }

    /** Tag and length of a value whose content is too long to be held. */
    function headOf(tag: number, octets: number): Uint8Array {
      const head = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
      head.writeUInt32BE(octets, 2);
      return head;
    }

    function* tbsChunks(algorithm: Uint8Array): Generator<Uint8Array> {
      const before = Buffer.concat([
        integer(1),
        algorithm,
        issuer.subject,
        time(new Date(testMoment.getTime() - day)),
        time(new Date(testMoment.getTime() + day)),
        headOf(tags.sequence, entries)
      ]);
      const after = contextTagged(0, sequence(ext.authorityKeyIdentifier(issuer.keyId), ext.crlNumber(1)));
      yield headOf(tags.sequence, before.length + entries + after.length);
      yield before;
      yield* entryChunks();
      yield after;
    }

    function* listChunks(): Generator<Uint8Array> {
      const algorithm = algorithmDer(usualAlgorithm[issuer.key.kind]);
      const sign = createSign('sha256');
      let octets = 0;
      for (const chunk of tbsChunks(algorithm)) {
        sign.update(chunk);
        octets += chunk.length;
      }
      const signature = bitString(sign.sign({ key: issuer.key.privateKey, dsaEncoding: 'der' }));
      yield headOf(tags.sequence, octets + algorithm.length + signature.length);
      yield* tbsChunks(algorithm);
      yield algorithm;
      yield signature;
    }

    it('are read in bounded memory, never holding the event loop for 20 ms', async function () {
      this.timeout(120_000);
      const chunks = [...listChunks()];
      const most = { heap: 0 };
      const longest = await quietestOf(async () => {
        const before = process.memoryUsage();
        const stream = verifyCrlStream({ chunks, issuer: issuer.der, at: testMoment });
        let seen = 0;
        let last = '';
        for await (const { serialHex } of stream.entries) {
          last = serialHex;
          if (++seen % 50_000 !== 0) continue;
          const { heapUsed, arrayBuffers } = process.memoryUsage();
          most.heap = Math.max(most.heap, heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers);
        }
        expect(seen).to.equal(count);
        expect(last).to.equal('4A000000000F423F');
        expect(await stream.verdict()).to.include({ valid: true, entryCount: count });
      });
      expect(longest, 'longest turn in ms').to.be.below(20);
      expect(most.heap, 'octets of heap and buffers').to.be.below(64 * 1024 * 1024);
    });

    it('are hashed without holding the event loop when they come in one chunk', async function () {
      this.timeout(120_000);
      const whole = Buffer.concat([...listChunks()]);
      const longest = await quietestOf(async () => {
        const stream = verifyCrlStream({ chunks: [whole], issuer: issuer.der, at: testMoment });
        expect(await stream.verdict()).to.include({ valid: true, entryCount: count });
      });
      expect(longest, 'longest turn in ms').to.be.below(20);
    });
  });
});

/**
 * The longest turn of the quietest of some runs: when the garbage of the tests before is collected in the middle of
 * one, that is not the reader's. A reader that does not give way holds the event loop for seconds in each.
 */
async function quietestOf(run: () => Promise<void>): Promise<number> {
  let quietest = Infinity;
  for (let attempt = 0; attempt < 3 && quietest >= 20; attempt++) {
    const held = watchEventLoop();
    await run();
    quietest = Math.min(quietest, held.stop());
  }
  return quietest;
}

/**
 * The longest time for which nobody else had a turn. Of wall clock and processor time the smaller: when the
 * machine gives the processor to other programs, that is not ours.
 */
function watchEventLoop(): { stop(): number } {
  let longest = 0;
  let going = true;
  let wall = performance.now();
  let processor = process.cpuUsage();
  const look = () => {
    const { user, system } = process.cpuUsage(processor);
    longest = Math.max(longest, Math.min(performance.now() - wall, (user + system) / 1_000));
    wall = performance.now();
    processor = process.cpuUsage();
    if (going) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      going = false;
      return longest;
    }
  };
}
