import type { RaContext } from '../deps.js';
import { authorisation } from '../intake/authorisation.js';
import { clientCertificate } from '../intake/client-certificate.js';
import { Intake } from '../intake/intake.js';
import type { Client } from '../parties.js';
import type { PeerCertificate } from '../peer.js';

/** Who calls, as far as it is known. */
export interface Caller {
  readonly peer: PeerCertificate | undefined;
  client: Client | undefined;
}

/**
 * The client of a connection, registered for batches and of an active party that may ask for device certificates
 * (SEC Appendix M 2.5); established before anything of the request is read. Throws the `Refusal`.
 */
export async function batchClient(deps: RaContext, caller: Caller, arrivedAt: Date): Promise<Client> {
  const intake = new Intake({ interface: 'batch', kind: 'device', arrivedAt, peer: caller.peer });
  for (const check of [clientCertificate, authorisation]) {
    const refusal = (await check.run(deps, [intake])).get(intake);
    caller.client = intake.known.client;
    if (refusal !== undefined) throw refusal;
  }
  return intake.client;
}
