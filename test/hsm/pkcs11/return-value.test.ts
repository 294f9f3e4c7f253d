import { expect } from 'chai';
import pkcs11 from 'pkcs11js';
import { asHsmError, returnValueOf } from '../../../hsm/pkcs11/return-value.js';

function failure(code: number): Error {
  return Object.assign(new Error('CKR_VENDOR_DEFINED'), { code });
}

describe('PKCS#11 return values', () => {
  it('have the names of the header, wherever the binding knows one', () => {
    const named = Object.entries(pkcs11).filter(
      (entry): entry is [string, number] => entry[0].startsWith('CKR_') && typeof entry[1] === 'number'
    );
    for (const [name, code] of named) {
      const own = returnValueOf(failure(code))?.name;
      if (own !== undefined && !own.startsWith('CKR_0x')) expect(own).to.equal(name);
    }
  });

  it('are named where the binding names them wrongly', () => {
    expect(returnValueOf(failure(0x1b))).to.include({ name: 'CKR_ACTION_PROHIBITED', known: true });
    expect(returnValueOf(failure(0x90))).to.include({ name: 'CKR_OPERATION_ACTIVE', remedy: 'session' });
    expect(returnValueOf(failure(0x80000001))).to.include({ name: 'CKR_0x80000001', known: false });
  });

  it('never call a refused PIN anything else, nor anything else a refused PIN', () => {
    const pin = [];
    for (let code = 1; code < 0x400; code++)
      if (returnValueOf(failure(code))?.remedy === 'pin') pin.push(code);
    expect(pin).to.deep.equal([0xa0, 0xa1, 0xa2, 0xa3, 0xa4]);
  });

  it('come from the module only', () => {
    expect(returnValueOf(new Error('dlopen failed'))).to.equal(undefined);
    expect(returnValueOf(failure(0))).to.equal(undefined);
    expect(returnValueOf(Object.assign(new Error(), { code: 'ENOENT' }))).to.equal(undefined);
  });

  it('keep name and cause in the error', () => {
    const cause = failure(0x30);
    expect(asHsmError('hsm/failed', 'C_Sign', cause)).to.include({
      code: 'hsm/failed',
      rv: 'CKR_DEVICE_ERROR',
      cause
    });
  });
});
