import { encodeName } from './name.js';
import { oids } from './oids.js';
import { hardwareModuleNameExtension, keyUsageExtension, type RequestContent } from './build.js';

/** The two usages a device or organisation key has; one key, one usage. */
export type EndEntityUsage = 'digitalSignature' | 'keyAgreement';

/** Content of a device request (SEC Appendix M, appendix F): empty subject, key usage, hardware module name. */
export function deviceRequestContent(device: {
  readonly spki: Uint8Array;
  readonly usage: EndEntityUsage;
  readonly hwType: string;
  /** The device's EUI-64, 8 octets. */
  readonly eui: Uint8Array;
}): RequestContent {
  return {
    subject: encodeName([]),
    spki: device.spki,
    extensions: [keyUsageExtension(device.usage), hardwareModuleNameExtension(device.hwType, device.eui)]
  };
}

/** Content of an organisation request (SEC Appendix M, appendix F). */
export function organisationRequestContent(organisation: {
  readonly spki: Uint8Array;
  readonly usage: EndEntityUsage;
  /** Remote Party Role as two upper-case hex digits. */
  readonly ou: string;
  /** The entity identifier, 8 octets. */
  readonly eui: Uint8Array;
  readonly commonName?: string;
}): RequestContent {
  return {
    subject: encodeName([
      ...(organisation.commonName === undefined
        ? []
        : [{ type: oids.commonName, utf8: organisation.commonName }]),
      { type: oids.organizationalUnitName, utf8: organisation.ou },
      { type: oids.uniqueIdentifier, bits: organisation.eui }
    ]),
    spki: organisation.spki,
    extensions: [keyUsageExtension(organisation.usage)]
  };
}

/** Content of an IKI client request (SEC Appendix M, appendix G): an Authorised System of a subscriber. */
export function ikiClientRequestContent(client: {
  readonly spki: Uint8Array;
  /** The organisation's trading name. */
  readonly organisation: string;
  /** Remote Party Role as two upper-case hex digits. */
  readonly ou: string;
  /** Name of the system, unique per interface. */
  readonly commonName: string;
}): RequestContent {
  return {
    subject: encodeName([
      { type: oids.organizationName, utf8: client.organisation },
      { type: oids.organizationalUnitName, utf8: client.ou },
      { type: oids.commonName, utf8: client.commonName }
    ]),
    spki: client.spki,
    extensions: [keyUsageExtension('digitalSignature')]
  };
}
