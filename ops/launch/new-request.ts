import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { eui64ToOctets, type Eui64 } from '../../pki/identifier/index.js';
import {
  assembleRequest,
  buildRequestInfo,
  deviceRequestContent,
  ikiClientRequestContent,
  organisationRequestContent,
  type EndEntityUsage,
  type RequestContent
} from '../../pki/x509/index.js';

/** A new key pair and the request it signed: what a device's or subscriber's own software does. */
export interface NewRequest {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly csr: Uint8Array;
}

const usages = { DS: 'digitalSignature', KA: 'keyAgreement' } as const satisfies Record<
  string,
  EndEntityUsage
>;
export type Usage = keyof typeof usages;

export function newDeviceRequest(eui: Eui64, usage: Usage, hwType: string): NewRequest {
  return newRequest('P-256', spki =>
    deviceRequestContent({ spki, usage: usages[usage], hwType, eui: eui64ToOctets(eui) })
  );
}

export function newOrganisationRequest(eui: Eui64, ou: string, usage: Usage): NewRequest {
  return newRequest('P-256', spki =>
    organisationRequestContent({ spki, usage: usages[usage], ou, eui: eui64ToOctets(eui) })
  );
}

export function newSystemRequest(organisation: string, ou: string, commonName: string): NewRequest {
  return newRequest('RSA-2048', spki => ikiClientRequestContent({ spki, organisation, ou, commonName }));
}

/** @param content what the request says, given the new key's SubjectPublicKeyInfo */
export function newRequest(
  algorithm: 'P-256' | 'RSA-2048',
  content: (spki: Uint8Array) => RequestContent
): NewRequest {
  const { publicKey, privateKey } =
    algorithm === 'P-256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const info = buildRequestInfo(content(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))));
  const signature = sign('sha256', info, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const name = algorithm === 'P-256' ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption';
  return { privateKey, csr: assembleRequest(info, name, signature) };
}
