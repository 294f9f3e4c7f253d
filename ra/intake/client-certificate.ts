import { parseCertificate, verifyIssued } from '../../pki/index.js';
import { clientByCertificate } from '../parties.js';
import { Refusal } from '../refusal.js';
import type { IntakeCheck } from './check.js';

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
  async run(deps, intake) {
    const peer = intake.peer;
    if (peer === undefined) throw new Refusal('client/missing');
    let certificate;
    try {
      certificate = parseCertificate(peer.der);
    } catch (cause) {
      throw new Refusal('client/not-valid', 'the certificate cannot be decoded', { cause });
    }
    const verdict = verifyIssued(certificate, deps.clientTrust.issuers, {
      at: deps.clock.now(),
      profile: 'iki-client',
      policy: deps.policy,
      anchors: deps.clientTrust.anchors
    });
    if (!verdict.ok) throw new Refusal('client/not-valid', verdict.code);

    const status = await deps.clientTrust.status(certificate).catch((cause: unknown) => {
      throw new Refusal('client/status-unknown', undefined, { cause });
    });
    if (status === 'revoked') throw new Refusal('client/revoked');
    if (status !== 'good') throw new Refusal('client/status-unknown');

    const client = await clientByCertificate(deps.database, peer.sha256);
    if (client === undefined) throw new Refusal('client/not-registered');
    intake.client = client;
    if (client.system.state !== 'active')
      throw new Refusal('client/not-registered', 'the system is suspended');
    if (!client.system.interfaces.some(name => name === intake.interface))
      throw new Refusal('client/interface');
  }
};
