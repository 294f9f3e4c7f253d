import { expect } from 'chai';
import fc from 'fast-check';
import { formatJson, formatTable, printable } from '../../../ops/cli/terminal.js';

describe('terminal', () => {
  it('makes control, bidi and line separator characters visible', () => {
    expect(printable('a\u001b[31mb')).to.equal('a\\u{1B}[31mb');
    expect(printable('a\u202eb\u2028c\r\n')).to.equal('a\\u{202E}b\\u{2028}c\\u{D}\\u{A}');
    expect(printable('Élan Énergie 电')).to.equal('Élan Énergie 电');
  });

  it('lets through nothing that a terminal acts on, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(printable(text)).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      })
    );
  });

  it('keeps cells of a table from breaking it', () => {
    expect(formatTable(['a', 'b'], [['x\ny', 'z']]).split('\n')).to.have.length(2);
  });

  it('escapes in JSON what a terminal acts on, and loses nothing by it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const json = formatJson([text]);
        expect(json.replaceAll('\n', '')).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(json)).to.deep.equal([text]);
      })
    );
  });

  it('writes big integers and octets as text', () => {
    expect(JSON.parse(formatJson({ n: 2n ** 63n, o: Uint8Array.of(0, 255) }))).to.deep.equal({
      n: '9223372036854775808',
      o: '00ff'
    });
  });
});
