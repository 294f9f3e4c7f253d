import { IdentifierError } from './error.js';

/** A Remote Party Role: the OU of an organisation certificate, and up to 127 a number of GBCS. */
export interface RemotePartyRole {
  /** Decimal number. */
  readonly code: number;
  /** The same as two upper-case hex digits: the OU. */
  readonly ou: string;
  readonly name: string;
  readonly holder: string;
  /** False for the certification authorities' own roles. */
  readonly issuableToEndEntity: boolean;
  /** Whether requests with this role are taken at all. Roles whose meaning is unconfirmed are not. */
  readonly enabled: boolean;
  /** Whether `source` is a text or a certificate that was read, rather than recollection. */
  readonly verified: boolean;
  readonly source: string;
  /** Restriction of the role to one usage: the XML-signing roles sign and do nothing else. */
  readonly usage: 'digitalSignature' | 'either';
}

type Row = readonly [code: number, name: string, holder: string, source: string];

const gbcs = 'GBCS RemotePartyRole';
const confirmed: readonly Row[] = [
  [0, 'root', 'Root OCA', gbcs],
  [1, 'recovery', 'DCC', gbcs],
  [2, 'supplier', 'Import Supplier or Gas Supplier', gbcs],
  [3, 'networkOperator', 'Electricity Distributor or Gas Transporter', gbcs],
  [4, 'accessControlBroker', 'DCC', gbcs],
  [5, 'transitionalCoS', 'DCC', gbcs],
  [6, 'wanProvider', 'DCC', gbcs],
  [7, 'issuingAuthority', 'Issuing OCA', gbcs],
  [8, 'loadController', 'load controller', 'certificates of the public test PKI; DUIS schema V5.4'],
  [127, 'other', 'other User', gbcs],
  [135, 'xmlSign', 'User signing service requests', 'certificates of the public test PKI'],
  [137, 'dSPXmlSign', 'DCC data service provider', 'certificates of the public test PKI']
];
/** Known by recollection only: listed so that they are named when met, and never issued. */
const unconfirmed: readonly Row[] = [
  [128, 'pPPXmlSign', 'production proving party', 'recollection, unverified'],
  [129, 'pPRDPFileSign', 'production proving registration data provider', 'recollection, unverified'],
  [130, 's1SPxmlSigning', 'SMETS1 service provider', 'recollection, unverified'],
  [131, 's1SPMigrationSigning', 'SMETS1 migration', 'recollection, unverified'],
  [132, 'commissioningPartyFileSigning', 'SMETS1 commissioning party', 'recollection, unverified'],
  [133, 'requestingPartyFileSigning', 'SMETS1 requesting party', 'recollection, unverified'],
  [134, 'commissioningPartyXmlSigning', 'SMETS1 commissioning party', 'recollection, unverified'],
  [136, 'coSPartyXmlSigning', 'CoS party', 'recollection, unverified']
];
const certificationAuthorities: ReadonlySet<number> = new Set([0, 7]);
const signOnly: ReadonlySet<number> = new Set([135, 137]);

function entry(verified: boolean): (row: Row) => RemotePartyRole {
  return ([code, name, holder, source]) => ({
    code,
    ou: code.toString(16).toUpperCase().padStart(2, '0'),
    name,
    holder,
    issuableToEndEntity: !certificationAuthorities.has(code),
    enabled: verified,
    verified,
    source,
    usage: signOnly.has(code) ? 'digitalSignature' : 'either'
  });
}

/** Every Remote Party Role with a name, by number. Roles from 128 on exist only in certificates. */
export const remotePartyRoles: readonly RemotePartyRole[] = [
  ...confirmed.map(entry(true)),
  ...unconfirmed.map(entry(false))
].sort((a, b) => a.code - b.code);

const byCode: ReadonlyMap<number, RemotePartyRole> = new Map(remotePartyRoles.map(role => [role.code, role]));

export function roleByCode(code: number): RemotePartyRole | undefined {
  return byCode.get(code);
}

/**
 * The role an OU names: two hexadecimal digits of either case. The decimal form of three characters that early test
 * certificates carried (`137`) was a defect and throws, as does a number without a role.
 */
export function roleByOu(ou: string): RemotePartyRole {
  if (!/^[0-9A-Fa-f]{2}$/.test(ou)) throw new IdentifierError('identifier/role-form');
  const role = byCode.get(Number.parseInt(ou, 16));
  if (role === undefined) throw new IdentifierError('identifier/role-unknown');
  return role;
}
