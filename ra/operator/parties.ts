import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { z } from 'zod';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import { eui64ToSigned, formatEui64, isOrganisationEui, parseEui64, roleByCode } from '../../pki/index.js';
import type { RaContext } from '../deps.js';
import { allParties, partyById, type Party } from '../parties.js';
import { Refusal } from '../refusal.js';
import type { newIdentifier, newParty, partyChange } from './schemas.js';

/** Registers a party with its identifiers. A signifier or an identifier that is taken is a conflict. */
export async function registerParty(
  deps: RaContext,
  actor: string,
  body: z.output<typeof newParty>
): Promise<Party> {
  const id = randomUUID();
  await recorded(deps, async trx => {
    const now = deps.clock.now();
    const inserted = (await trx('ra.party')
      .insert({
        id,
        signifier: body.signifier,
        state: 'active',
        device_subscriber: body.deviceSubscriber,
        organisation_subscriber: body.organisationSubscriber,
        registered_at: now
      })
      .onConflict('signifier')
      .ignore()
      .returning('id')) as unknown[];
    if (inserted.length === 0) throw new Refusal('resource/conflict', 'the signifier is taken');
    const events: AuditEvent[] = [
      {
        type: 'ra.party.registered',
        actor,
        facts: {
          party: id,
          signifier: body.signifier,
          deviceSubscriber: body.deviceSubscriber,
          organisationSubscriber: body.organisationSubscriber
        }
      }
    ];
    for (const identifier of body.identifiers)
      events.push(await insertIdentifier(deps, trx, actor, id, identifier));
    return events;
  });
  return existing(deps, id);
}

/** Binds an identifier to a party, with the roles its certificates may name. */
export async function registerIdentifier(
  deps: RaContext,
  actor: string,
  partyId: string,
  body: z.output<typeof newIdentifier>
): Promise<Party> {
  await existing(deps, partyId);
  await recorded(deps, async trx => [await insertIdentifier(deps, trx, actor, partyId, body)]);
  return existing(deps, partyId);
}

/** Suspends, expels or restores a party, or changes what it is an Authorised Subscriber for. */
export async function changeParty(
  deps: RaContext,
  actor: string,
  partyId: string,
  body: z.output<typeof partyChange>
): Promise<Party> {
  await existing(deps, partyId);
  const columns = {
    ...(body.state && { state: body.state }),
    ...(body.deviceSubscriber !== undefined && { device_subscriber: body.deviceSubscriber }),
    ...(body.organisationSubscriber !== undefined && {
      organisation_subscriber: body.organisationSubscriber
    })
  };
  if (Object.keys(columns).length === 0) throw new Refusal('message/schema', 'nothing to change');
  await recorded(deps, async trx => {
    await trx('ra.party').where({ id: partyId }).update(columns);
    return [{ type: 'ra.party.changed', actor, facts: { party: partyId, ...columns } }];
  });
  return existing(deps, partyId);
}

export async function listParties(deps: RaContext): Promise<Party[]> {
  return allParties(deps.database);
}

export async function existing(deps: RaContext, partyId: string): Promise<Party> {
  const party = await partyById(deps.database, partyId);
  if (party === undefined) throw new Refusal('resource/not-found');
  return party;
}

async function insertIdentifier(
  deps: RaContext,
  trx: Knex.Transaction,
  actor: string,
  partyId: string,
  { eui: text, roles }: z.output<typeof newIdentifier>
): Promise<AuditEvent> {
  const eui = parseEui64(text);
  if (!isOrganisationEui(eui, deps.policy.figures['organisation.eui-prefixes'].value))
    throw new Refusal('message/schema', 'the identifier is outside the block of organisations');
  for (const code of roles)
    if (roleByCode(code)?.issuableToEndEntity !== true)
      throw new Refusal('message/schema', `role ${code} is not one that certificates are issued for`);
  const signed = eui64ToSigned(eui).toString();
  const inserted = (await trx('ra.identifier')
    .insert({ eui: signed, party_id: partyId, registered_at: deps.clock.now() })
    .onConflict('eui')
    .ignore()
    .returning('eui')) as unknown[];
  if (inserted.length === 0) throw new Refusal('resource/conflict', 'the identifier is held already');
  if (roles.length > 0)
    await trx('ra.identifier_role').insert([...new Set(roles)].map(role => ({ eui: signed, role })));
  return {
    type: 'ra.identifier.registered',
    actor,
    facts: { party: partyId, eui: formatEui64(eui), roles: roles.map(String) }
  };
}

/** A change and its events in one transaction, in force here at its commit and sealed before anybody is told. */
export async function recorded(
  deps: RaContext,
  change: (trx: Knex.Transaction) => Promise<readonly AuditEvent[]>
): Promise<void> {
  const ticket: AuditTicket = await deps.database.transaction(async trx =>
    deps.audit.record(trx, await change(trx))
  );
  deps.clients.forget();
  await deps.audit.seal(ticket);
}
