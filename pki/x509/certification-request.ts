import {
  DerReader,
  checkSetOrder,
  contextConstructed,
  tags,
  type DerValue,
  type ReadOptions
} from '../der/index.js';
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.js';
import { readExtensions, type Extension } from './extension.js';
import { readName, type Name } from './name.js';
import { oids } from './oids.js';
import { parsePublicKey, type SubjectPublicKey } from './public-key.js';

export interface RequestAttribute {
  readonly type: string;
  /** Encodings of the members of the SET, at least one. */
  readonly values: readonly Uint8Array[];
}

/** A PKCS#10 request (RFC 2986 4) taken apart, its name, key and attributes not yet read. */
export interface RequestStructure {
  readonly der: Uint8Array;
  readonly lengths: NonNullable<ReadOptions['lengths']>;
  /** certificationRequestInfo as received: the octets that are signed. */
  readonly requestInfo: Uint8Array;
  /** The INTEGER itself: 0 means v1, the only version. */
  readonly version: number;
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  readonly attributes: readonly RequestAttribute[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** Octets of the signature BIT STRING. */
  readonly signature: Uint8Array;
}

export interface CertificationRequest extends RequestStructure {
  readonly subject: Name;
  readonly publicKey: SubjectPublicKey;
  /** Requested extensions of every extensionRequest attribute, in order; an RA's checks demand exactly one. */
  readonly extensions: readonly Extension[];
}

/** Reads the frame of a request: everything consumed, no field too many. Throws `DerError`. */
export function parseRequestStructure(der: Uint8Array, options: ReadOptions = {}): RequestStructure {
  const what = 'certificationRequest';
  const outer = DerReader.over(der, what, options);
  const request = outer.sequence(what);
  outer.end(what);
  const info = request.read(tags.sequence, 'certificationRequestInfo');
  const signatureAlgorithm = readAlgorithm(request, 'signatureAlgorithm');
  const signature = request.octetsOfBitString('signature');
  request.end(what);

  const reader = request.inside(info, 'certificationRequestInfo');
  const version = reader.smallInteger('version');
  const subjectDer = reader.read(tags.sequence, 'subject').der;
  const spkiDer = reader.read(tags.sequence, 'subjectPKInfo').der;
  // RFC 2986: the attributes' [0] is there even when the set is empty.
  const set = reader.enter(contextConstructed(0), 'attributes');
  const members: DerValue[] = [];
  const attributes: RequestAttribute[] = [];
  while (!set.done) {
    const member = set.read(tags.sequence, 'attribute');
    members.push(member);
    const inner = set.inside(member, 'attribute');
    const type = inner.oid('attribute type');
    const valueSet = inner.set('attribute values');
    const values: DerValue[] = [];
    do values.push(valueSet.opaque('attribute value'));
    while (!valueSet.done);
    checkSetOrder(values, 'attribute values');
    inner.end('attribute');
    attributes.push({ type, values: values.map(value => value.der) });
  }
  checkSetOrder(members, 'attributes');
  reader.end('certificationRequestInfo');
  return {
    der,
    lengths: outer.lengths,
    requestInfo: info.der,
    version,
    subjectDer,
    spkiDer,
    attributes,
    signatureAlgorithm,
    signature
  };
}

/** Reads a request whole. Throws `DerError` or `X509Error`. Says nothing of its fitness: see the request checks. */
export function parseRequest(der: Uint8Array, options: ReadOptions = {}): CertificationRequest {
  const structure = parseRequestStructure(der, options);
  return {
    ...structure,
    subject: subjectOf(structure),
    publicKey: parsePublicKey(structure.spkiDer, structure.lengths),
    extensions: structure.attributes
      .filter(attribute => attribute.type === oids.extensionRequest)
      .flatMap(attribute => attribute.values.flatMap(value => requestedExtensions(value, structure.lengths)))
  };
}

export function subjectOf(structure: RequestStructure): Name {
  const reader = DerReader.over(structure.subjectDer, 'subject', { lengths: structure.lengths });
  const name = readName(reader, 'subject');
  reader.end('subject');
  return name;
}

/** The Extensions in one value of an extensionRequest attribute (RFC 2985 5.4.2). */
export function requestedExtensions(value: Uint8Array, lengths: RequestStructure['lengths']): Extension[] {
  const reader = DerReader.over(value, 'extensionRequest', { lengths });
  const extensions = readExtensions(reader, 'extensionRequest');
  reader.end('extensionRequest');
  return extensions;
}
