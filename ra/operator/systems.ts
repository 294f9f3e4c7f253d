import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { decodeRequestText } from '../../pki/request/index.js';
import type { RaContext } from '../deps.js';
import { Intake } from '../intake/index.js';
import { deliver, type Delivery } from '../issuance/deliver.js';
import { accept, outcomeOrRefusal } from '../issuance/serve.js';
import { allSystems, systemById, type AuthorisedSystem, type Party } from '../parties.js';
import { Refusal } from '../refusal.js';
import { existing, recorded } from './parties.js';
import type { newSystem, systemChange } from './schemas.js';

type NewSystem = z.output<typeof newSystem>;

/** The intake of an Authorised System's certificate, for the audit event of a refusal. */
export interface SystemIntake {
  intake: Intake | undefined;
}

/**
 * Registers an Authorised System and orders its IKI certificate through the same checks, reservations and signed
 * order as any other request. The certificate is bound to the system when the CA reports it. Sent again, it finds
 * the system it registered; with a new request it renews the certificate.
 */
export async function registerSystem(
  deps: RaContext,
  actor: string,
  body: NewSystem,
  holder: SystemIntake,
  stop: AbortSignal
): Promise<{ system: AuthorisedSystem; requestId: string; delivery: Delivery }> {
  const party = await existing(deps, body.partyId);
  if (new Set(body.interfaces).size !== body.interfaces.length)
    throw new Refusal('message/schema', 'an interface is named twice');
  if (body.interfaces.length > deps.config.interfacesPerSystem)
    throw new Refusal(
      'message/schema',
      `more than ${deps.config.interfacesPerSystem} interface for one system`
    );
  await checkSubject(deps, body);
  const system = await systemOf(deps, actor, body, party);

  const intake = new Intake({
    interface: 'admin',
    kind: 'iki-client',
    arrivedAt: deps.clock.now(),
    peer: undefined,
    client: { party, system },
    readMessage: () => ({ csrText: body.csr, form: 'portal' })
  });
  holder.intake = intake;
  const accepted = await accept(deps, intake);
  const waitMs = deps.policy.figures['deadline.order'].value * 1_000;
  const settled = await outcomeOrRefusal(deps, accepted, waitMs, stop);
  return { system, requestId: settled.request.id, delivery: await deliver(deps, settled, actor) };
}

export async function changeSystem(
  deps: RaContext,
  actor: string,
  systemId: string,
  { state }: z.output<typeof systemChange>
): Promise<AuthorisedSystem> {
  await existingSystem(deps, systemId);
  await recorded(deps, async trx => {
    await trx('ra.system').where({ id: systemId }).update({ state });
    return [{ type: 'ra.system.changed', actor, facts: { system: systemId, state } }];
  });
  return existingSystem(deps, systemId);
}

export async function listSystems(deps: RaContext): Promise<AuthorisedSystem[]> {
  return allSystems(deps.database);
}

export async function existingSystem(deps: RaContext, systemId: string): Promise<AuthorisedSystem> {
  const system = await systemById(deps.database, systemId);
  if (system === undefined) throw new Refusal('resource/not-found');
  return system;
}

/** Before anything is registered: the request is whole, and its subject is the system that is to be registered. */
async function checkSubject(deps: RaContext, body: NewSystem): Promise<void> {
  const maxOctets = deps.policy.figures['request.max-octets'].value;
  let csr: Uint8Array;
  try {
    csr = decodeRequestText(body.csr, 'portal', maxOctets);
  } catch (cause) {
    throw new Refusal('request/R1', undefined, { cause });
  }
  const [verdict] = await deps
    .checkRequests([{ bytes: csr, kind: 'iki-client' }], 'adhoc')
    .catch((cause: unknown) => {
      throw new Refusal('checker/unavailable', undefined, { cause });
    });
  if (verdict === undefined) throw new Refusal('checker/unavailable', 'no verdict');
  if (!verdict.ok) throw new Refusal(`request/${verdict.rule}`, verdict.code);
  const { commonName, organisationalUnit } = verdict.facts;
  if (commonName !== body.name)
    throw new Refusal('request/R8', 'the common name is not the name of the system');
  const makerRole = deps.policy.figures['role.maker'].value;
  if (body.actingRoles.includes('manufacturer') && organisationalUnit !== makerRole)
    throw new Refusal('request/R8', `a manufacturer's organisational unit is ${makerRole}`);
}

/** The system of this name on these interfaces: registered now, or the same one from before. */
async function systemOf(
  deps: RaContext,
  actor: string,
  body: NewSystem,
  party: Party
): Promise<AuthorisedSystem> {
  const taken = (await deps
    .database('ra.system_interface')
    .distinct('system_id')
    .where('name', body.name)
    .whereIn('interface', body.interfaces)) as { system_id: string }[];
  const [only] = taken;
  if (only !== undefined) {
    const system = await existingSystem(deps, only.system_id);
    const same =
      taken.length === 1 &&
      system.partyId === party.id &&
      sameSet(system.interfaces, body.interfaces) &&
      sameSet(system.actingRoles, body.actingRoles);
    if (!same) throw new Refusal('resource/conflict', 'the name is taken on one of the interfaces');
    return system;
  }
  const id = randomUUID();
  await recorded(deps, async trx => {
    await trx('ra.system').insert({
      id,
      party_id: party.id,
      name: body.name,
      acting_roles: [...new Set(body.actingRoles)],
      state: 'active',
      registered_at: deps.clock.now()
    });
    const inserted = (await trx('ra.system_interface')
      .insert(body.interfaces.map(name => ({ system_id: id, interface: name, name: body.name })))
      .onConflict(['interface', 'name'])
      .ignore()
      .returning('system_id')) as unknown[];
    if (inserted.length !== body.interfaces.length)
      throw new Refusal('resource/conflict', 'the name is taken on one of the interfaces');
    return [
      {
        type: 'ra.system.registered',
        actor,
        facts: {
          system: id,
          party: party.id,
          interfaces: body.interfaces,
          actingRoles: body.actingRoles
        }
      }
    ];
  });
  return existingSystem(deps, id);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return [...new Set(one)].sort().join() === [...new Set(other)].sort().join();
}
