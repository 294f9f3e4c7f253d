import { expect } from 'chai';
import { remotePartyRoles, roleByCode, roleByOu } from '../../../pki/identifier/index.js';
import { codeOf } from '../../kit/errors.js';

describe('Remote Party Roles', () => {
  it('give every role one number and one OU of two upper-case hex digits', () => {
    const codes = remotePartyRoles.map(role => role.code);
    expect(new Set(codes).size).to.equal(codes.length);
    for (const role of remotePartyRoles) {
      expect(role.ou).to.match(/^[0-9A-F]{2}$/);
      expect(Number.parseInt(role.ou, 16)).to.equal(role.code);
      expect(roleByCode(role.code)).to.equal(role);
    }
  });

  it('are found by OU in either case', () => {
    expect(roleByOu('7F').name).to.equal('other');
    expect(roleByOu('7f').name).to.equal('other');
    expect(roleByOu('87').code).to.equal(135);
    expect(roleByOu('89').code).to.equal(137);
  });

  it('keep the authorities for the authorities', () => {
    expect(remotePartyRoles.filter(role => !role.issuableToEndEntity).map(role => role.ou)).to.deep.equal([
      '00',
      '07'
    ]);
  });

  it('leave what is recollection unverified and disabled', () => {
    const unverified = remotePartyRoles.filter(role => !role.verified);
    expect(unverified.map(role => role.code)).to.deep.equal([128, 129, 130, 131, 132, 133, 134, 136]);
    expect(unverified.some(role => role.enabled)).to.equal(false);
  });

  it('refuse the decimal form that early certificates carried', () => {
    expect(codeOf(() => roleByOu('137'))).to.equal('identifier/role-form');
    expect(codeOf(() => roleByOu('2'))).to.equal('identifier/role-form');
    expect(codeOf(() => roleByOu(' 2'))).to.equal('identifier/role-form');
    expect(codeOf(() => roleByOu('0x'))).to.equal('identifier/role-form');
    expect(codeOf(() => roleByOu('55'))).to.equal('identifier/role-unknown');
  });
});
