import { expect } from 'chai';
import { decodeRequestText } from '../../../pki/request/index.js';
import { codeOf } from '../../kit/errors.js';
import { deviceRequest, ikiClientRequest } from '../../kit/requests.js';

const request = deviceRequest();
const base64 = Buffer.from(request).toString('base64');
const lines = (width: number, end = '\n') => (base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(end);
const pem = (label: string, body: string, end = '\n') =>
  `-----BEGIN ${label}-----${end}${body}${end}-----END ${label}-----${end}`;

describe('request text', () => {
  const portal: readonly (readonly [string, string])[] = [
    ['PEM in lines of 64', pem('CERTIFICATE REQUEST', lines(64))],
    ['PEM in lines of 76', pem('CERTIFICATE REQUEST', lines(76))],
    ['PEM on one line', pem('CERTIFICATE REQUEST', base64)],
    ['NEW CERTIFICATE REQUEST', pem('NEW CERTIFICATE REQUEST', lines(64))],
    ['PEM with CRLF', pem('CERTIFICATE REQUEST', lines(64, '\r\n'), '\r\n')],
    ['PEM without a last line end', pem('CERTIFICATE REQUEST', lines(64)).trimEnd()],
    ['base64 on one line', base64],
    ['base64 in lines of 64', lines(64)],
    ['base64 in lines of 76 with CRLF', `${lines(76, '\r\n')}\r\n`]
  ];
  for (const [name, text] of portal) {
    it(`portal takes ${name}`, () => {
      expect(Buffer.compare(decodeRequestText(text, 'portal', 4096), request)).to.equal(0);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['another label', pem('CERTIFICATE', lines(64))],
    ['labels that differ', pem('CERTIFICATE REQUEST', lines(64)).replace('END CERT', 'END NEW CERT')],
    ['two blocks', pem('CERTIFICATE REQUEST', lines(64)) + pem('CERTIFICATE REQUEST', lines(64))],
    ['text before', `x\n${pem('CERTIFICATE REQUEST', lines(64))}`],
    ['headers', pem('CERTIFICATE REQUEST', `Proc-Type: 4\n\n${lines(64)}`)],
    ['no END', pem('CERTIFICATE REQUEST', lines(64)).replace(/-----END.*\n/, '')],
    ['uneven lines', pem('CERTIFICATE REQUEST', `${base64.slice(0, 10)}\n${base64.slice(10)}`)],
    ['lines of 60', lines(60)],
    ['a space', `${base64.slice(0, 8)} ${base64.slice(8)}`],
    ['an empty line inside', lines(64).replace('\n', '\n\n')],
    ['url-safe alphabet', base64.replace(/[A-Z]/, '_')],
    ['padding in the middle', `AAA=${base64}`],
    ['unused bits set', 'AAB='],
    ['no padding', 'AAA']
  ];
  for (const [name, text] of refused) {
    it(`portal refuses ${name}`, () => {
      expect(codeOf(() => decodeRequestText(text, 'portal', 4096))).to.equal('request/text-form');
    });
  }

  it('web services take base64text without any white space, and nothing else', () => {
    expect(Buffer.compare(decodeRequestText(base64, 'base64text', 4096), request)).to.equal(0);
    for (const text of [
      '',
      lines(64),
      `${base64}\n`,
      ` ${base64}`,
      pem('CERTIFICATE REQUEST', lines(64)),
      'AAA',
      'AAB=',
      'A*=='
    ])
      expect(codeOf(() => decodeRequestText(text, 'base64text', 4096))).to.equal('request/text-form');
  });

  it('is measured before it is decoded', () => {
    expect(codeOf(() => decodeRequestText('A'.repeat(100_000), 'portal', 4096))).to.equal('request/size');
    expect(codeOf(() => decodeRequestText('A'.repeat(100_000), 'base64text', 4096))).to.equal('request/size');
    const large = Buffer.from(ikiClientRequest()).toString('base64');
    expect(decodeRequestText(large, 'base64text', 4096).length).to.be.above(600);
  });
});
