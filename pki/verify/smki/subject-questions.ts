import { sameOctets } from '../../der/octets.js';
import { eui64FromOctets, IdentifierError, isOrganisationEui } from '../../identifier/index.js';
import type { Policy, Profile } from '../../profile/index.js';
import { euiText, type Subject } from './facts.js';
import type { ReadQuestion } from './question.js';
import type { SmkiFailure } from './verdict.js';

/** Whether a certificate that is of its profile is the one that was asked for: purpose, role, entity. */
export function judgeSubject(
  { role, entity }: Subject,
  profile: Profile,
  question: ReadQuestion
): SmkiFailure | undefined {
  return (
    judgePurpose(profile, question) ?? judgeRole(role, question) ?? judgeEntity(entity, profile, question)
  );
}

function judgePurpose(profile: Profile, { profiles, purpose }: ReadQuestion): SmkiFailure | undefined {
  if (profiles === undefined || profiles.has(profile.name)) return undefined;
  return failed('smki/purpose', `${profile.name} does not serve the purpose`, { purpose: purpose ?? '' });
}

function judgeRole(role: Subject['role'], { role: asked }: ReadQuestion): SmkiFailure | undefined {
  if (asked !== undefined && role?.code !== asked)
    return failed('smki/role', role === undefined ? 'it has no role' : `its role is ${role.code}`, {
      asked: String(asked)
    });
  if (role === undefined || role.enabled || asked !== undefined) return undefined;
  return failed('smki/role-unconfirmed', `role ${role.code} is unconfirmed and was not asked for by number`);
}

function judgeEntity(
  entity: Subject['entity'],
  profile: Profile,
  { entity: asked, policy }: ReadQuestion
): SmkiFailure | undefined {
  if (asked !== undefined && (entity === undefined || !sameOctets(entity, asked))) {
    const message = entity === undefined ? 'it names no entity' : `its subject is ${euiText(entity)}`;
    return failed('smki/entity', message, { asked: euiText(asked) });
  }
  if (entity === undefined) return undefined;
  const fault = identifierFault(entity, profile, policy);
  return fault === undefined ? undefined : failed('smki/entity-form', `${euiText(entity)} ${fault}`);
}

/** As for requests: an EUI-64 of one entity, of the organisations' blocks exactly where the subject is one. */
function identifierFault(entity: Uint8Array, { domain }: Profile, { figures }: Policy): string | undefined {
  const blocks = figures['organisation.eui-prefixes'].value;
  try {
    const isOrganisation = isOrganisationEui(eui64FromOctets(entity), blocks);
    if (domain === 'smki-device' && isOrganisation) return 'is in a block of organisations';
    if (domain === 'smki-organisation' && blocks.length > 0 && !isOrganisation)
      return 'is in no block of organisations';
    return undefined;
  } catch (error) {
    if (error instanceof IdentifierError) return 'is no EUI-64 of one entity';
    throw error;
  }
}

function failed(code: SmkiFailure['code'], message: string, facts?: Record<string, string>): SmkiFailure {
  return { code, message, depth: 0, ...(facts && { facts }) };
}
