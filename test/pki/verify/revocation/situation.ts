/** One certificate and what is handed in about it: what a case of revocation builds, and how it is asked. */
import { Budget, defaultBudgets } from '../../../../pki/verify/path/budget.js';
import { sameName } from '../../../../pki/verify/path/name.js';
import type { RevocationAnswer, RevocationQuestion } from '../../../../pki/verify/path/revocation.js';
import { Signatures } from '../../../../pki/verify/path/signatures.js';
import { revocationSource } from '../../../../pki/verify/revocation/source.js';
import {
  anchor,
  endEntity,
  ext,
  intermediate,
  testMoment,
  type Entity,
  type EntityChanges,
  type KeyKind,
  type RuleCase
} from '../../../kit/pki/index.js';
import { readCertificate } from './read-certificate.js';

export interface Situation {
  readonly target: Entity;
  /** Default: the authority of the world. */
  readonly issuer?: Entity;
  readonly crls?: readonly Uint8Array[];
  readonly ocspResponses?: readonly Uint8Array[];
  /** Certificates with a valid path to the anchor of the question, beside the issuer. */
  readonly signers?: readonly Entity[];
  readonly at?: Date;
}

export interface RevocationCase extends RuleCase {
  readonly build: (world: World) => Situation;
}

/** The authorities every case uses; each name has its own key. */
export interface World {
  readonly kind: KeyKind;
  readonly root: Entity;
  readonly ca: Entity;
  /** Another authority under the root. */
  readonly other: Entity;
  /** Not an authority, but may sign lists; certified by the root. */
  readonly listSigner: Entity;
  /** A certificate under `ca`. */
  leaf(changes?: EntityChanges): Entity;
}

const worlds = new Map<KeyKind, World>();

export function worldOf(kind: KeyKind): World {
  let world = worlds.get(kind);
  if (world === undefined) {
    const root = anchor('O=Revocation, CN=Root', { kind });
    const ca = intermediate(root, 'O=Revocation, CN=Authority', { kind });
    world = {
      kind,
      root,
      ca,
      other: intermediate(root, 'O=Revocation, CN=Other', { kind }),
      listSigner: endEntity(root, 'O=Revocation, CN=List Signer', {
        kind,
        extensions: { keyUsage: ext.keyUsage(['cRLSign']) }
      }),
      leaf: changes => endEntity(ca, 'O=Revocation, CN=Leaf', { kind, ...changes })
    };
    worlds.set(kind, world);
  }
  return world;
}

/** The question about the target of a situation, its issuer being validated. */
export function questionAbout(situation: Situation, world: World): RevocationQuestion {
  const { target, issuer = world.ca, signers = [], at = testMoment } = situation;
  const root = readCertificate(world.root.der);
  const own = readCertificate(issuer.der);
  return {
    certificate: readCertificate(target.der),
    depth: 0,
    issuer: { name: own.subject, key: own.publicKey, certificate: own },
    issuers: [own, root],
    anchor: { name: root.subject, key: root.publicKey, nameConstraints: undefined, certificate: root },
    at,
    signatures: new Signatures(new Budget(defaultBudgets)),
    signers: name =>
      signers
        .map(({ der }) => readCertificate(der))
        .filter(certificate => sameName(certificate.subject, name))
        .map(certificate => ({ certificate, key: certificate.publicKey }))
  };
}

export function answerTo(situation: Situation, world: World): RevocationAnswer {
  const { crls = [], ocspResponses = [] } = situation;
  return revocationSource(crls, ocspResponses).status(questionAbout(situation, world));
}

/** `valid` for a good status, or the code. */
export function verdictOf(situation: Situation, world: World): string {
  const answer = answerTo(situation, world);
  return answer.good ? 'valid' : answer.code;
}
