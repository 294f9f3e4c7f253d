import { expect } from 'chai';
import { RepositoryError } from '../../../repository/errors.js';
import { readRetrieval, readSearch } from '../../../repository/query/request.js';
import { byAltName, byName, retrieval, search } from '../client.js';

/** White space after the root means nothing, and takes a document beyond the usual forms: it is read as XML. */
const asXml = (document: Buffer) => Buffer.concat([document, Buffer.alloc(600, 0x20)]);

const read = (reader: (body: Uint8Array) => unknown, body: Buffer): unknown => {
  try {
    return reader(body);
  } catch (error) {
    return error instanceof RepositoryError ? error.code : error;
  }
};

describe('requests of the web service', () => {
  const documents: readonly { readonly reader: (body: Uint8Array) => unknown; readonly text: string }[] = [
    { reader: readSearch, text: search(byAltName('88-73-84-57-00-2F-96-6C')) },
    { reader: readSearch, text: search(byName('90-b3-d5-1f-30-aa-00-01')) },
    { reader: readSearch, text: search(byAltName('88-73')) },
    { reader: readRetrieval, text: retrieval('469AFEC2E7C0CAAEC8A400769B702BC8') },
    { reader: readRetrieval, text: retrieval('0') },
    { reader: readRetrieval, text: retrieval(`${'0'.repeat(20)}1f`) },
    { reader: readRetrieval, text: ` \n${retrieval('1F').slice(38)}\r\n` }
  ];

  it('are the same whether recognised or read as XML', () => {
    for (const { reader, text } of documents)
      expect(read(reader, Buffer.from(text)), text).to.deep.equal(read(reader, asXml(Buffer.from(text))));
  });

  it('stay the same when octets are changed, left out or repeated', () => {
    // Octets that mean something to XML, and some that mean nothing.
    const octets = Buffer.from('<>/?!&;"\'= -0Aaz\n\t\u0000\u00e9', 'utf8');
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
    for (let round = 0; round < 4_000; round += 1) {
      const { reader, text } = documents[random(documents.length)] ?? { reader: readSearch, text: '' };
      const whole = Buffer.from(text);
      const at = random(whole.length);
      const length = random(4);
      const into = [
        Buffer.of(octets[random(octets.length)] ?? 0),
        Buffer.alloc(0),
        whole.subarray(at, at + length),
        Buffer.concat([whole.subarray(at, at + length), whole.subarray(at, at + length)])
      ][random(4)];
      const changed = Buffer.concat([whole.subarray(0, at), into ?? whole, whole.subarray(at + length)]);
      expect(read(reader, changed), changed.toString('latin1')).to.deep.equal(read(reader, asXml(changed)));
    }
  });
});
