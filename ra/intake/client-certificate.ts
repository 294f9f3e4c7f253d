import { parseCertificate, verifyIssued, type Certificate } from '../../pki/index.js';
import type { RaContext } from '../deps.js';
import type { PeerCertificate } from '../peer.js';
import { asRefusal, Refusal } from '../refusal.js';
import type { IntakeCheck } from './check.js';
import type { Intake } from './intake.js';

/**
 * Mutual TLS and interface (SEC Appendix M 2.4, step 1): the IKI certificate is of the client profile, chains to
 * the IKI root, is not revoked by a current CRL, and is bound to an active system of an active party that is
 * registered for this interface. TLS has verified possession of the key and the chain; the profile has not been
 * looked at yet.
 */
export const clientCertificate: IntakeCheck = {
  name: 'client-certificate',
  rule: 'interface',
  // An interface that needs the client before its message has run this check already; the operator has none.
  applies: intake => intake.known.client === undefined,
  async run(deps, intakes) {
    const refused = new Map<Intake, Refusal>();
    const peers = new Map<PeerCertificate, Intake[]>();
    for (const intake of intakes) {
      const { peer } = intake;
      if (peer === undefined) refused.set(intake, new Refusal('client/missing'));
      else peers.set(peer, [...(peers.get(peer) ?? []), intake]);
    }
    await Promise.all(
      [...peers].map(async ([peer, same]) => {
        const refusal = await believe(deps, peer).then(() => undefined, asRefusal);
        if (refusal !== undefined) for (const intake of same) refused.set(intake, refusal);
      })
    );
    const good = intakes.filter(intake => !refused.has(intake));
    const clients = await deps.clients.find(good.flatMap(({ peer }) => peer ?? []));
    for (const [index, intake] of good.entries()) {
      const client = clients[index];
      if (client === undefined) refused.set(intake, new Refusal('client/not-registered'));
      else {
        intake.client = client;
        if (client.system.state !== 'active')
          refused.set(intake, new Refusal('client/not-registered', 'the system is suspended'));
        else if (!client.system.interfaces.some(name => name === intake.interface))
          refused.set(intake, new Refusal('client/interface'));
      }
    }
    return refused;
  }
};

/** Profile, chain and status of a connection's certificate. */
async function believe(deps: RaContext, peer: PeerCertificate): Promise<void> {
  const now = deps.clock.now();
  let certificate = deps.clients.believed(peer, now);
  if (certificate === undefined) {
    certificate = verified(deps, peer, now);
    deps.clients.believe(peer, certificate, now);
  }
  const status = await deps.clientTrust.status(certificate).catch((cause: unknown) => {
    throw new Refusal('client/status-unknown', undefined, { cause });
  });
  if (status === 'revoked') throw new Refusal('client/revoked');
  if (status !== 'good') throw new Refusal('client/status-unknown');
}

function verified(deps: RaContext, peer: PeerCertificate, at: Date): Certificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(peer.der);
  } catch (cause) {
    throw new Refusal('client/not-valid', 'the certificate cannot be decoded', { cause });
  }
  const verdict = verifyIssued(certificate, deps.clientTrust.issuers, {
    at,
    profile: 'iki-client',
    policy: deps.policy,
    anchors: deps.clientTrust.anchors
  });
  if (!verdict.ok) throw new Refusal('client/not-valid', verdict.code);
  return certificate;
}
