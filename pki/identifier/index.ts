/**
 * Who is who: EUI-64 identifiers of devices and organisations, and Remote Party Roles. Values and their text, octet
 * and database forms; whether an identifier belongs to somebody is decided by those who keep the records.
 */
export { IdentifierError, type IdentifierErrorCode } from './error.js';
export {
  eui64FromOctets,
  eui64FromSigned,
  eui64ToOctets,
  eui64ToSigned,
  formatEui64,
  isOrganisationEui,
  parseEui64,
  type Eui64
} from './eui64.js';
export { remotePartyRoles, roleByCode, roleByOu, type RemotePartyRole } from './remote-party-role.js';
