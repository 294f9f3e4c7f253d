import { expect } from 'chai';
import fc from 'fast-check';
import { escapeXml, readXml, XmlError, type XmlLimits } from '../../../pki/xml/index.js';
import { codeOf } from '../../kit/errors.js';

const limits: XmlLimits = {
  maxOctets: 16_384,
  maxDepth: 8,
  maxElements: 100,
  maxAttributes: 8,
  comments: 'refuse'
};
const read = (text: string, changes: Partial<XmlLimits> = {}) =>
  readXml(Buffer.from(text, 'utf8'), { ...limits, ...changes });

describe('XML reader', () => {
  it('builds elements with namespaces, attributes and text', () => {
    const root = read(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a:Request xmlns:a="urn:a" xmlns="urn:b" ID="1">\n  <Version>1.0</Version><Text a:x="&amp;&#65;">&lt;é<![CDATA[<&]]></Text>\n</a:Request>\n'
    );
    expect(root).to.deep.equal({
      name: 'Request',
      namespace: 'urn:a',
      attributes: [{ name: 'ID', namespace: '', value: '1' }],
      text: '',
      children: [
        { name: 'Version', namespace: 'urn:b', attributes: [], children: [], text: '1.0' },
        {
          name: 'Text',
          namespace: 'urn:b',
          attributes: [{ name: 'x', namespace: 'urn:a', value: '&A' }],
          children: [],
          text: '<é<&'
        }
      ]
    });
  });

  it('tolerates a byte order mark', () => {
    expect(read('\ufeff<a>x</a>').text).to.equal('x');
  });

  it('keeps white space inside values', () => {
    expect(read('<a> x\n</a>').text).to.equal(' x\n');
  });

  const refused: readonly (readonly [name: string, code: string, text: string])[] = [
    ['nothing', 'xml/malformed', ''],
    ['no element', 'xml/malformed', '<?xml version="1.0"?>'],
    ['two roots', 'xml/malformed', '<a/><b/>'],
    ['an unclosed element', 'xml/malformed', '<a><b></a>'],
    ['text after the root', 'xml/malformed', '<a/>x'],
    ['a document type', 'xml/doctype', '<!DOCTYPE a><a/>'],
    ['an internal subset', 'xml/doctype', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an external entity', 'xml/doctype', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['a document type inside a comment', 'xml/doctype', '<!-- <!DOCTYPE a> --><a/>'],
    ['an entity declaration anywhere', 'xml/doctype', '<a><!ENTITY x "y"></a>'],
    ['a document type in lower case', 'xml/doctype', '<!doctype a><a/>'],
    ['an undefined entity', 'xml/malformed', '<a>&x;</a>'],
    ['an HTML entity', 'xml/malformed', '<a>&nbsp;</a>'],
    ['a reference to NUL', 'xml/malformed', '<a>&#0;</a>'],
    ['a reference to a control', 'xml/malformed', '<a>&#x1;</a>'],
    ['a reference to a surrogate', 'xml/malformed', '<a>&#xd800;</a>'],
    ['a bare ampersand', 'xml/malformed', '<a>a & b</a>'],
    ['a control character', 'xml/malformed', '<a>\u0001</a>'],
    ['an attribute twice', 'xml/malformed', '<a x="1" x="2"/>'],
    ['an attribute twice by namespace', 'xml/malformed', '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>'],
    ['an attribute without quotes', 'xml/malformed', '<a x=1/>'],
    ['an undeclared prefix', 'xml/malformed', '<p:a/>'],
    ['a processing instruction', 'xml/processing-instruction', '<?xml-stylesheet href="x"?><a/>'],
    ['a processing instruction inside', 'xml/processing-instruction', '<a><?php x?></a>'],
    ['a comment', 'xml/comment', '<a>1<!-- -->2</a>'],
    ['XML 1.1', 'xml/malformed', '<?xml version="1.1"?><a/>'],
    ['another encoding', 'xml/encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'],
    ['text beside elements', 'xml/mixed-content', '<a>x<b/></a>'],
    ['depth', 'xml/limit', `${'<a>'.repeat(9)}${'</a>'.repeat(9)}`],
    ['many elements', 'xml/limit', `<a>${'<b/>'.repeat(100)}</a>`],
    ['many attributes', 'xml/limit', `<a ${[...'abcdefghi'].map(name => `${name}=""`).join(' ')}/>`]
  ];
  for (const [name, code, text] of refused) {
    it(`refuses ${name}: ${code}`, () => {
      expect(codeOf(() => read(text))).to.equal(code);
    });
  }

  it('refuses octets that are not UTF-8', () => {
    expect(codeOf(() => readXml(Buffer.from('<a>\u00e9</a>', 'latin1'), limits))).to.equal('xml/encoding');
    expect(codeOf(() => readXml(Buffer.from('<a/>', 'utf16le'), limits))).to.be.oneOf([
      'xml/malformed',
      'xml/encoding'
    ]);
    const bom16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<a/>', 'utf16le')]);
    expect(codeOf(() => readXml(bom16, limits))).to.equal('xml/encoding');
  });

  it('refuses by size before anything else', () => {
    expect(codeOf(() => read(`<!DOCTYPE a>${'x'.repeat(20_000)}`))).to.equal('xml/size');
  });

  it('ignores comments only by name, joining the text on both sides', () => {
    expect(read('<a>1<!-- x -->2</a>', { comments: 'ignore' }).text).to.equal('12');
  });

  it('keeps hostile documents short', () => {
    const wide = { maxOctets: 65_536, maxElements: 100_000, maxDepth: 64, maxAttributes: 100_000 };
    for (const text of [
      '<a>'.repeat(21_000),
      '<a b="'.padEnd(65_000, '&lt;'),
      `<a ${Array.from({ length: 7_000 }, (_, i) => `a${i}=""`).join(' ')}/>`,
      '<!'.repeat(32_000),
      '<a>'.padEnd(65_000, '&#65;')
    ]) {
      const start = performance.now();
      try {
        read(text, wide);
      } catch (error) {
        expect(error).to.be.instanceOf(XmlError);
      }
      expect(performance.now() - start).to.be.below(250);
    }
  });

  it('throws nothing but XmlError, and no message holds the text', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="',
      '"',
      '>',
      '&',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      'ZQX',
      '\u0000',
      'xmlns:p="u"',
      'p:'
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
        try {
          read(pieces.join(''));
        } catch (error) {
          expect(error).to.be.instanceOf(XmlError);
          expect((error as XmlError).message).not.to.contain('ZQX');
        }
      }),
      { numRuns: 2000 }
    );
  });

  it('reads back what escapeXml wrote, in text and in attributes', () => {
    const text = fc.string({ unit: 'binary' }).filter(value => {
      try {
        escapeXml(value);
        return true;
      } catch {
        return false;
      }
    });
    fc.assert(
      fc.property(text, value => {
        const root = read(`<a x="${escapeXml(value)}" y='${escapeXml(value)}'>${escapeXml(value)}</a>`);
        expect(root.text).to.equal(value);
        expect(root.attributes.map(attribute => attribute.value)).to.deep.equal([value, value]);
      }),
      { numRuns: 500 }
    );
    expect(() => escapeXml('\u0000')).to.throw(RangeError);
    expect(() => escapeXml('\ud800')).to.throw(RangeError);
  });
});
