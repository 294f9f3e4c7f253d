/** What the test descriptions of the suite say of each test, as data. */

/** Inputs to path validation of RFC 5280 6.1.1 (c) to (g) other than the defaults; policies as P1 to P6. */
export interface PkitsPolicy {
  readonly initialPolicySet?: readonly string[];
  readonly explicitPolicy?: boolean;
  readonly inhibitMapping?: boolean;
  readonly inhibitAnyPolicy?: boolean;
}

export interface PkitsTest {
  /** Section of the test, with the number of the run where it has several. */
  readonly id: string;
  readonly valid: boolean;
  /** End entity: the file in `certs` without `.crt`. */
  readonly certificate: string;
  /** Intermediates: files in `certs` without `Cert.crt`. */
  readonly via: readonly string[];
  /** Lists: files in `crls` without `.crl`, besides the trust anchor's own. */
  readonly crls: readonly string[];
  readonly policy: PkitsPolicy;
}

interface Differences {
  /** Names parted by spaces; default: the list of every certification authority on the way. */
  readonly crls?: string;
  readonly policy?: PkitsPolicy;
}

/** A path that validates. `via` holds names parted by spaces, the anchor left out. */
export function accept(
  id: string,
  certificate: string,
  via: string,
  differences: Differences = {}
): PkitsTest {
  return test(true, id, certificate, via, differences);
}

/** A path that does not validate. */
export function refuse(
  id: string,
  certificate: string,
  via: string,
  differences: Differences = {}
): PkitsTest {
  return test(false, id, certificate, via, differences);
}

function test(
  valid: boolean,
  id: string,
  certificate: string,
  via: string,
  { crls, policy = {} }: Differences
): PkitsTest {
  const between = words(via);
  // A self-issued certificate is of an authority that has its list already.
  const usual = between.filter(name => !name.includes('SelfIssued')).map(name => `${name}CRL`);
  return { id, valid, certificate, via: between, crls: crls === undefined ? usual : words(crls), policy };
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}
