import { expect } from 'chai';
import fc from 'fast-check';
import type { Readable } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { fromBuffer, type Entry as ReadEntry } from 'yauzl';
import { ZipFile } from 'yazl';
import { archiveOf, extraOf, type Entry, type Shape } from './archive-octets.js';
import { ArchiveError, type ArchiveErrorCode } from '../../../ra/portal/archive-error.js';
import { readArchive, type ArchiveEntry } from '../../../ra/portal/archive-reader.js';
import type { ArchiveFile } from '../../../ra/portal/archive-window.js';
import { writeArchive } from '../../../ra/portal/archive-writer.js';

const limits = { maxEntries: 1_000, maxEntryOctets: 8_320, maxTotalOctets: 1_000_000, maxRatio: 20 };

function fileOf(octets: Uint8Array, partial = false): ArchiveFile {
  return {
    size: octets.length,
    async read(target, position) {
      const there = octets.subarray(position, position + (partial ? 7 : target.length));
      target.set(there.subarray(0, target.length));
      return Math.min(there.length, target.length);
    }
  };
}

async function read(octets: Uint8Array, given = limits): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for await (const entry of readArchive(fileOf(octets), given)) entries.push(entry);
  return entries;
}

/** The code of the refusal, or `accepted`. */
async function verdict(octets: Uint8Array, given = limits): Promise<ArchiveErrorCode | 'accepted'> {
  try {
    await read(octets, given);
    return 'accepted';
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
}

function names(entries: readonly ArchiveEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ name, octets }) => [name, Buffer.from(octets).toString()]));
}

const a: Entry = { name: 'a.csr', content: 'MIIBa' };
const b: Entry = { name: 'b.csr', content: 'MIIBb' };

describe('archives of requests', () => {
  describe('accepted', () => {
    const cases: Record<string, { entries: readonly Entry[]; shape?: Shape }> = {
      stored: { entries: [a, b] },
      deflated: { entries: [{ ...a, method: 8, content: 'MIIB'.repeat(20) }, b] },
      'descriptors, signed and bare': {
        entries: [
          { ...a, method: 8, descriptor: 'signed' },
          { ...b, descriptor: 'bare' }
        ]
      },
      'times of Info-ZIP in extra fields': {
        entries: [
          {
            ...a,
            localExtra: extraOf(0x5455, Buffer.alloc(9)),
            centralExtra: extraOf(0x5455, Buffer.alloc(5))
          }
        ]
      },
      'UTF-8 names, said so': { entries: [{ ...a, name: 'zähler.csr', flags: 0x0800 }] },
      'another case of the ending': { entries: [{ ...a, name: 'A.CSR' }] },
      'an empty entry, which is a wrong request': { entries: [{ ...a, content: '' }] }
    };
    for (const [title, { entries, shape }] of Object.entries(cases)) {
      it(title, async () => {
        const expected = Object.fromEntries(
          entries.map(({ name, content }) => [String(name), Buffer.from(content as Uint8Array).toString()])
        );
        expect(names(await read(archiveOf(entries, shape)))).to.deep.equal(expected);
      });
    }

    it('what yazl packs, streamed and not', async () => {
      for (const compress of [true, false]) {
        const zip = new ZipFile();
        const wanted: Record<string, string> = {};
        for (let n = 0; n < 300; n++) {
          wanted[`m-${n}.csr`] = Buffer.from(`request ${n}`.repeat(20)).toString('base64');
          zip.addBuffer(Buffer.from(wanted[`m-${n}.csr`]!), `m-${n}.csr`, { compress });
        }
        zip.end();
        const octets = Buffer.concat((await (zip.outputStream as Readable).toArray()) as Buffer[]);
        expect(names(await read(octets))).to.deep.equal(wanted);
      }
    });

    it('from a file that answers in small pieces', async () => {
      const octets = archiveOf([a, b]);
      const entries: ArchiveEntry[] = [];
      for await (const entry of readArchive(fileOf(octets, true), limits)) entries.push(entry);
      expect(names(entries)).to.deep.equal({ 'a.csr': 'MIIBa', 'b.csr': 'MIIBb' });
    });

    it('in the order of the file, whatever the order of the directory', async () => {
      const swapped = swapDirectory(archiveOf([a, b]));
      expect((await read(swapped)).map(({ name }) => name)).to.deep.equal(['a.csr', 'b.csr']);
    });
  });

  describe('refused', () => {
    const zeros = Buffer.alloc(8_000);
    const bomb = deflateRawSync(zeros);
    const cases: Record<
      string,
      { octets: Uint8Array; code: ArchiveErrorCode; limits?: Partial<typeof limits> }
    > = {
      'no octets': { octets: new Uint8Array(), code: 'archive/form' },
      'no ZIP': { octets: Buffer.from('<SubmitCSRBatch/>'.repeat(9)), code: 'archive/form' },
      'no entry': { octets: archiveOf([]), code: 'archive/form' },
      'cut off': { octets: archiveOf([a, b]).subarray(0, -1), code: 'archive/form' },
      'octets behind the end': { octets: archiveOf([a], { behind: Buffer.from('x') }), code: 'archive/form' },
      'octets before the first entry': {
        octets: archiveOf([a], { before: Buffer.from('#!/bin/sh\n') }),
        code: 'archive/form'
      },
      'a comment': { octets: archiveOf([a], { comment: Buffer.from('hello') }), code: 'archive/form' },
      'a second archive in the comment': {
        octets: archiveOf([a], { comment: archiveOf([b]) }),
        code: 'archive/form'
      },
      'two archives, one behind the other': {
        octets: Buffer.concat([archiveOf([a]), archiveOf([b])]),
        code: 'archive/form'
      },
      'a comment of an entry': {
        octets: archiveOf([{ ...a, comment: Buffer.from('c') }]),
        code: 'archive/form'
      },
      'octets between the directory and the end': {
        octets: archiveOf([a], { beforeEnd: Buffer.from('x') }),
        code: 'archive/form'
      },
      'octets between entries': {
        octets: archiveOf([{ ...a, behind: Buffer.from('x') }, b]),
        code: 'archive/form'
      },
      'octets between the last entry and the directory': {
        octets: archiveOf([{ ...a, behind: Buffer.from('x') }]),
        code: 'archive/form'
      },
      'two entries that share octets': {
        octets: archiveOf([a, { ...b, central: { offset: 0 } }]),
        code: 'archive/form'
      },
      'an entry within another': {
        octets: archiveOf([a, { ...b, central: { offset: 4 } }]),
        code: 'archive/form'
      },
      'an entry beyond the file': {
        octets: archiveOf([{ ...a, central: { offset: 0x7fffffff } }]),
        code: 'archive/form'
      },
      'a directory of fewer entries than said': {
        octets: archiveOf([a], { end: { entries: 2, entriesHere: 2 } }),
        code: 'archive/form'
      },
      'a directory of more entries than said': {
        octets: archiveOf([a, b], { end: { entries: 1, entriesHere: 1 } }),
        code: 'archive/form'
      },
      'a directory elsewhere': { octets: archiveOf([a], { end: { offset: 0 } }), code: 'archive/form' },
      'another disk': { octets: archiveOf([a], { end: { disk: 1 } }), code: 'archive/form' },
      'entries on another disk': {
        octets: archiveOf([a, b], { end: { entriesHere: 1 } }),
        code: 'archive/form'
      },
      'an entry on another disk': {
        octets: archiveOf([{ ...a, central: { disk: 1 } }]),
        code: 'archive/form'
      },
      'ZIP64, by the count': {
        octets: archiveOf([a], { end: { entries: 0xffff, entriesHere: 0xffff } }),
        code: 'archive/form'
      },
      'ZIP64, by the offset': {
        octets: archiveOf([a], { end: { offset: 0xffffffff } }),
        code: 'archive/form'
      },
      'ZIP64, by an entry': {
        octets: archiveOf([{ ...a, central: { unpacked: 0xffffffff } }]),
        code: 'archive/form'
      },
      'ZIP64, by an extra field': {
        octets: archiveOf([{ ...a, centralExtra: extraOf(1, Buffer.alloc(16)) }]),
        code: 'archive/form'
      },
      'another name in an extra field': {
        octets: archiveOf([{ ...a, centralExtra: extraOf(0x7075, Buffer.from('xxxxxevil.csr')) }]),
        code: 'archive/form'
      },
      'an extra field that is cut off': {
        octets: archiveOf([{ ...a, localExtra: Buffer.from([0x55, 0x54, 9, 0, 1]) }]),
        code: 'archive/form'
      },
      'a local header of another name': {
        octets: archiveOf([{ ...a, local: { name: 'x.csr' } }]),
        code: 'archive/form'
      },
      'a local header of another size': {
        octets: archiveOf([{ ...a, local: { packed: 4 } }]),
        code: 'archive/form'
      },
      'a local header of another method': {
        octets: archiveOf([{ ...a, local: { method: 8 } }]),
        code: 'archive/form'
      },
      'a local header that is none': {
        octets: archiveOf([{ ...a, local: { signature: 0x04034b51 } }]),
        code: 'archive/form'
      },
      'a directory record that is none': {
        octets: archiveOf([{ ...a, central: { signature: 0x02014b51 } }]),
        code: 'archive/form'
      },
      'a descriptor that lies': {
        octets: archiveOf([{ ...a, descriptor: 'signed', descriptorFields: { crc: 1 } }]),
        code: 'archive/form'
      },
      'a descriptor that is not there': {
        octets: archiveOf([{ ...a, flags: 8, local: { crc: 0, packed: 0, unpacked: 0 } }]),
        code: 'archive/form'
      },
      encrypted: { octets: archiveOf([{ ...a, flags: 1 }]), code: 'archive/method' },
      'strongly encrypted': { octets: archiveOf([{ ...a, flags: 0x41 }]), code: 'archive/method' },
      'a masked directory': { octets: archiveOf([{ ...a, flags: 0x2000 }]), code: 'archive/method' },
      'another method': { octets: archiveOf([{ ...a, method: 14 }]), code: 'archive/method' },
      'a path': { octets: archiveOf([{ ...a, name: 'd/a.csr' }]), code: 'archive/name' },
      'a path upwards': { octets: archiveOf([{ ...a, name: '../a.csr' }]), code: 'archive/name' },
      'a path of Windows': { octets: archiveOf([{ ...a, name: '..\\a.csr' }]), code: 'archive/name' },
      'an absolute path': { octets: archiveOf([{ ...a, name: '/a.csr' }]), code: 'archive/name' },
      'a drive': { octets: archiveOf([{ ...a, name: 'c:a.csr' }]), code: 'archive/name' },
      'a folder': { octets: archiveOf([{ name: 'd.csr/', content: '' }]), code: 'archive/name' },
      'another ending': { octets: archiveOf([{ ...a, name: 'a.pem' }]), code: 'archive/name' },
      'nothing but the ending': { octets: archiveOf([{ ...a, name: '.csr' }]), code: 'archive/name' },
      'a hidden file': { octets: archiveOf([{ ...a, name: '.a.csr' }]), code: 'archive/name' },
      'no name': { octets: archiveOf([{ ...a, name: '' }]), code: 'archive/name' },
      'NUL in a name': { octets: archiveOf([{ ...a, name: 'a\0.csr' }]), code: 'archive/name' },
      'a line feed in a name': { octets: archiveOf([{ ...a, name: 'a\n.csr' }]), code: 'archive/name' },
      'text that turns around in a name': {
        octets: archiveOf([{ ...a, name: 'a\u202ersc.csr', flags: 0x0800 }]),
        code: 'archive/name'
      },
      'a name of 101 characters': {
        octets: archiveOf([{ ...a, name: `${'a'.repeat(97)}.csr` }]),
        code: 'archive/name'
      },
      'a name that is no UTF-8': {
        octets: archiveOf([{ ...a, name: Buffer.from([0xff, 0x2e, 0x63, 0x73, 0x72]), flags: 0x0800 }]),
        code: 'archive/name'
      },
      'a name in a code page': {
        octets: archiveOf([{ ...a, name: Buffer.from([0x84, 0x2e, 0x63, 0x73, 0x72]) }]),
        code: 'archive/name'
      },
      'a name twice': { octets: archiveOf([a, { ...b, name: 'a.csr' }]), code: 'archive/duplicate' },
      'a name in two cases': { octets: archiveOf([a, { ...b, name: 'A.csr' }]), code: 'archive/duplicate' },
      'a name in two normal forms': {
        octets: archiveOf([
          { ...a, name: 'z\u00e4.csr', flags: 0x0800 },
          { ...b, name: 'za\u0308.csr', flags: 0x0800 }
        ]),
        code: 'archive/duplicate'
      },
      'names alike by full case folding': {
        octets: archiveOf([
          { ...a, name: 'stra\u00dfe.csr', flags: 0x0800 },
          { ...b, name: 'STRASSE.csr' }
        ]),
        code: 'archive/duplicate'
      },
      'more entries than allowed': {
        octets: archiveOf([a, b]),
        code: 'archive/count',
        limits: { maxEntries: 1 }
      },
      'a count that is a lie, before the directory is read': {
        octets: archiveOf([a], { end: { entries: 60_000, entriesHere: 60_000 } }),
        code: 'archive/count'
      },
      'an entry larger than a request': {
        octets: archiveOf([{ ...a, content: Buffer.alloc(8_321, 'A') }]),
        code: 'archive/size'
      },
      'entries larger together than requests are': {
        octets: archiveOf([a, b]),
        code: 'archive/size',
        limits: { maxTotalOctets: 9 }
      },
      'a bomb that says so': {
        octets: archiveOf([{ ...a, method: 8, content: zeros }]),
        code: 'archive/size'
      },
      'a bomb that says otherwise': {
        octets: archiveOf([
          {
            ...a,
            method: 8,
            content: zeros,
            packed: bomb,
            local: { unpacked: 100 },
            central: { unpacked: 100 }
          }
        ]),
        code: 'archive/size'
      },
      'more packed than unpacked': {
        octets: archiveOf([{ ...a, method: 8, packed: Buffer.alloc(500) }]),
        code: 'archive/size'
      },
      'packed octets that are no deflate': {
        octets: archiveOf([{ ...a, method: 8, packed: Buffer.from([0xff, 0xff, 0xff]) }]),
        code: 'archive/damaged'
      },
      'octets behind the packed data': {
        octets: archiveOf([
          { ...a, method: 8, packed: Buffer.concat([deflateRawSync('MIIBa'), Buffer.from('x')]) }
        ]),
        code: 'archive/damaged'
      },
      'packed octets that end early': {
        octets: archiveOf([{ ...a, method: 8, packed: deflateRawSync('MIIBa').subarray(0, -2) }]),
        code: 'archive/damaged'
      },
      'fewer octets than declared': {
        octets: archiveOf([{ ...a, method: 8, local: { unpacked: 6 }, central: { unpacked: 6 } }]),
        code: 'archive/damaged'
      },
      'a stored entry of two sizes': {
        octets: archiveOf([{ ...a, local: { unpacked: 6 }, central: { unpacked: 6 } }]),
        code: 'archive/damaged'
      },
      'another checksum': {
        octets: archiveOf([{ ...a, local: { crc: 7 }, central: { crc: 7 } }]),
        code: 'archive/damaged'
      }
    };
    for (const [title, { octets, code, limits: given }] of Object.entries(cases)) {
      it(`${title}: ${code}`, async () => {
        expect(await verdict(octets, { ...limits, ...given })).to.equal(code);
      });
    }

    it('every octet changed: refused, or the same requests', async () => {
      const whole = archiveOf([
        { ...a, method: 8, content: 'MIIB'.repeat(8) },
        { ...b, descriptor: 'signed' }
      ]);
      const before = await read(whole);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const octets = Uint8Array.from(whole);
          octets[at]! ^= change;
          try {
            const after = await read(octets);
            // Times, versions and attributes are not looked at; a name is another name where both headers agree.
            expect(after.map(({ octets }) => [...octets])).to.deep.equal(
              before.map(({ octets }) => [...octets])
            );
          } catch (error) {
            expect(error).to.be.instanceOf(ArchiveError);
          }
        }),
        { numRuns: 2_000 }
      );
    });
  });

  describe('written', () => {
    const at = new Date('2030-05-06T07:08:10Z');
    async function* entries(count: number) {
      for (let n = 0; n < count; n++)
        yield { name: n === 1 ? 'zähler.crt' : `m-${n}.crt`, octets: Buffer.from(`certificate ${n}`) };
    }
    const written = async (count: number): Promise<Buffer[]> => {
      const chunks: Buffer[] = [];
      for await (const chunk of writeArchive(entries(count), at)) chunks.push(chunk);
      return chunks;
    };

    for (const count of [0, 3, 5_000]) {
      it(`are read by another reader: ${count} entries`, async () => {
        const octets = Buffer.concat(await written(count));
        const found: Record<string, string> = {};
        await new Promise<void>((resolve, reject) => {
          fromBuffer(octets, { lazyEntries: true, strictFileNames: true }, (error, zip) => {
            if (error !== null) return reject(error);
            zip.on('error', reject);
            zip.on('end', resolve);
            zip.on('entry', (entry: ReadEntry) => {
              expect(entry.getLastModDate({ timezone: 'UTC' }).toISOString()).to.equal(at.toISOString());
              zip.openReadStream(entry, (failed, stream) => {
                if (failed !== null) return reject(failed);
                void stream.toArray().then(parts => {
                  found[entry.fileName] = Buffer.concat(parts as Buffer[]).toString();
                  zip.readEntry();
                });
              });
            });
            zip.readEntry();
          });
        });
        expect(Object.keys(found)).to.have.lengthOf(count);
        for (let n = 0; n < count; n++)
          expect(found[n === 1 ? 'zähler.crt' : `m-${n}.crt`]).to.equal(`certificate ${n}`);
      });
    }

    it('come in chunks, none large', async () => {
      const sizes = (await written(5_000)).map(({ length }) => length);
      expect(sizes.length).to.be.at.least(5);
      expect(Math.max(...sizes)).to.be.lessThan(70_000);
    });
  });
});

/** Exchanges the two directory records of an archive with two entries of names of equal length. */
function swapDirectory(octets: Buffer): Buffer {
  const offset = octets.readUInt32LE(octets.length - 6);
  const size = octets.readUInt32LE(octets.length - 10);
  const records = octets.subarray(offset, offset + size);
  return Buffer.concat([
    octets.subarray(0, offset),
    records.subarray(size / 2),
    records.subarray(0, size / 2),
    octets.subarray(offset + size)
  ]);
}
