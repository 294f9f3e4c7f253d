import { expect } from 'chai';
import fc from 'fast-check';
import {
  isNcName,
  readXml,
  XmlError,
  XmlStream,
  type XmlElement,
  type XmlStreamLimits
} from '../../../pki/xml/index.js';
import { codeOf } from '../../kit/errors.js';

const limits: XmlStreamLimits = {
  maxOctets: 1_000_000,
  maxDepth: 8,
  maxElements: 1_000,
  maxAttributes: 8,
  maxText: 2_000,
  comments: 'refuse'
};

interface Growing extends XmlElement {
  readonly children: Growing[];
  text: string;
}

/** Reads in pieces of these sizes, over and over; an empty list is one piece. */
function read(
  document: string | Uint8Array,
  sizes: readonly number[] = [],
  changes: Partial<XmlStreamLimits> = {}
): XmlElement | undefined {
  const octets = typeof document === 'string' ? Buffer.from(document, 'utf8') : document;
  const open: Growing[] = [];
  let root: Growing | undefined;
  const stream = new XmlStream(
    { ...limits, ...changes },
    {
      open(tag, depth) {
        const element: Growing = { ...tag, children: [], text: '' };
        expect(depth).to.equal(open.length + 1);
        open[open.length - 1]?.children.push(element);
        root ??= element;
        open.push(element);
      },
      close(tag, text, depth) {
        expect(depth).to.equal(open.length);
        const element = open.pop();
        if (element === undefined) throw new Error('an end without a beginning');
        expect(element.name).to.equal(tag.name);
        element.text = text;
      }
    }
  );
  let at = 0;
  for (let turn = 0; at < octets.length; turn += 1) {
    const size = sizes.length === 0 ? octets.length : (sizes[turn % sizes.length] ?? 1);
    stream.write(octets.subarray(at, at + size));
    at += size;
  }
  stream.end();
  return root;
}

describe('XML stream', () => {
  const document =
    '<?xml version="1.0" encoding="UTF-8"?>\n<a:Request xmlns:a="urn:a" xmlns="urn:b" ID="1">\n' +
    '  <Version>1.0</Version>\n<Text a:x="&amp;&#65;é€𝄞">&lt;é€𝄞<![CDATA[<&]]>&amp;</Text>\r\n<Empty/></a:Request>\n';

  it('reads what the reader of whole documents reads, wherever the pieces are cut', () => {
    const whole = readXml(Buffer.from(document), { ...limits });
    for (const sizes of [[], [1], [2], [3], [5, 1, 7], [64]])
      expect(read(document, sizes)).to.deep.equal(whole);
  });

  it('tolerates a byte order mark cut in the middle', () => {
    expect(read('\ufeff<a>x</a>', [1])?.text).to.equal('x');
  });

  const refused: readonly (readonly [name: string, code: string, text: string])[] = [
    ['nothing', 'xml/malformed', ''],
    ['two roots', 'xml/malformed', '<a/><b/>'],
    ['an unclosed element', 'xml/malformed', '<a><b></a>'],
    ['an end that is missing', 'xml/malformed', '<a><b></b>'],
    ['text after the root', 'xml/malformed', '<a/>x'],
    ['a tag that is cut', 'xml/malformed', '<a/><!-'],
    ['a document type', 'xml/doctype', '<!DOCTYPE a><a/>'],
    ['an internal subset', 'xml/doctype', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a document type inside a comment', 'xml/doctype', '<!-- <!DOCTYPE a> --><a/>'],
    ['an entity declaration anywhere', 'xml/doctype', '<a><!ENTITY x "y"></a>'],
    ['a declaration in a section', 'xml/doctype', '<a><![CDATA[<!ENTITY]]></a>'],
    ['an undefined entity', 'xml/malformed', '<a>&x;</a>'],
    ['a reference to NUL', 'xml/malformed', '<a>&#0;</a>'],
    ['a control character', 'xml/malformed', '<a>\u0001</a>'],
    ['an attribute twice by namespace', 'xml/malformed', '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>'],
    ['an undeclared prefix', 'xml/malformed', '<p:a/>'],
    ['a processing instruction', 'xml/processing-instruction', '<a><?php x?></a>'],
    ['a comment', 'xml/comment', '<a>1<!-- -->2</a>'],
    ['XML 1.1', 'xml/malformed', '<?xml version="1.1"?><a/>'],
    ['another encoding', 'xml/encoding', '<?xml version="1.0" encoding="UTF-16"?><a/>'],
    ['text before elements', 'xml/mixed-content', '<a>x<b/></a>'],
    ['text behind elements', 'xml/mixed-content', '<a><b/>x</a>'],
    ['depth', 'xml/limit', `${'<a>'.repeat(9)}${'</a>'.repeat(9)}`],
    ['many elements', 'xml/limit', `<a>${'<b/>'.repeat(1_000)}</a>`],
    ['many attributes', 'xml/limit', `<a ${[...'abcdefghi'].map(name => `${name}=""`).join(' ')}/>`],
    ['a long text', 'xml/limit', `<a>${'x'.repeat(2_001)}</a>`],
    ['a long text in many pieces', 'xml/limit', `<a>${'x&amp;'.repeat(1_001)}</a>`]
  ];
  for (const [name, code, text] of refused)
    it(`refuses ${name}: ${code}`, () => {
      for (const sizes of [[], [1], [3]]) expect(codeOf(() => read(text, sizes))).to.equal(code);
    });

  it('refuses tokens that do not end long before the document does', () => {
    for (const beginning of ['<', '<a ', '<a b="', '<!-- ', '<a><![CDATA[', '<?p ', '<a>&', '<a>', '<a b'])
      expect(
        codeOf(() => read(beginning + 'x'.repeat(900_000), [1_000])),
        beginning
      ).to.be.oneOf(['xml/limit', 'xml/malformed']);
  });

  it('refuses octets that are not UTF-8, and a character that is cut off', () => {
    const latin = Buffer.from('<a>\u00e9</a>', 'latin1');
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<a/>', 'utf16le')]);
    const overlong = Buffer.concat([Buffer.from('<a>'), Buffer.from([0xc0, 0xbc]), Buffer.from('</a>')]);
    const surrogate = Buffer.concat([
      Buffer.from('<a>'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('</a>')
    ]);
    for (const octets of [latin, utf16, overlong, surrogate])
      for (const sizes of [[], [1]]) expect(codeOf(() => read(octets, sizes))).to.equal('xml/encoding');
    expect(codeOf(() => read(Buffer.from('<a/>', 'utf16le')))).to.equal('xml/malformed');
    expect(codeOf(() => read(Buffer.from('<a>é').subarray(0, 4)))).to.equal('xml/encoding');
  });

  it('refuses by the size of the whole', () => {
    expect(codeOf(() => read(`<a>${'<b/>'.repeat(500)}</a>`, [100], { maxOctets: 1_000 }))).to.equal(
      'xml/size'
    );
  });

  it('agrees with the reader of whole documents on any text, cut anywhere', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="',
      '"',
      '>',
      ' ',
      '&amp;',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<!',
      '<',
      '<?',
      '?>',
      'ZQX',
      'AA+/==',
      ']]',
      '\r\n',
      '\u0000',
      'é𝄞',
      'xmlns:p="u"',
      'p:'
    );
    const outcome = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        expect(error).to.be.instanceOf(XmlError);
        expect((error as XmlError).message).not.to.contain('ZQX');
        return 'refused';
      }
    };
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 16 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
        (pieces, sizes) => {
          const text = pieces.join('');
          expect(outcome(() => read(text, sizes))).to.deep.equal(
            outcome(() => readXml(Buffer.from(text), { ...limits }))
          );
        }
      ),
      { numRuns: 10_000 }
    );
  });

  it('tells names without a colon from others', () => {
    for (const name of ['a', '_', 'R1', 'a-b.c_9', 'é', 'Ω1', 'a\u00b7', '𐀀'])
      expect(isNcName(name), name).to.equal(true);
    for (const name of [
      '',
      '1',
      '-a',
      '.a',
      'a:b',
      'a b',
      ' a',
      'a ',
      'a\n',
      '\u00d7',
      'a\u037e',
      '\ud800',
      '\u2030'
    ])
      expect(isNcName(name), JSON.stringify(name)).to.equal(false);
  });
});
