import type { Name, SubjectPublicKey } from '../../x509/index.js';
import type { PathCertificate } from './certificate.js';
import type { NameConstraints } from './extensions.js';

/** A trust anchor as read (RFC 5280 6.1.1 d). */
export interface PathAnchor {
  readonly name: Name;
  readonly key: SubjectPublicKey;
  /** Of an anchor given as name and key; a certificate carries its own. */
  readonly nameConstraints: NameConstraints | undefined;
  /** Undefined for an anchor given as name and key: then there is nothing to hold against RFC 5280 section 4. */
  readonly certificate: PathCertificate | undefined;
}
