import { Refusal } from '../refusal.js';
import { each, type IntakeCheck } from './check.js';

/**
 * The party is active (SEC section M8: suspension and expulsion stop requests) and an Authorised Subscriber for
 * the certificate policy asked for.
 */
export const authorisation: IntakeCheck = {
  name: 'authorisation',
  rule: 'interface',
  applies: intake => intake.interface !== 'admin',
  run: each((_deps, intake) => {
    const { party } = intake.client;
    if (party.state !== 'active') throw new Refusal('party/not-active');
    const authorised = intake.kind === 'device' ? party.deviceSubscriber : party.organisationSubscriber;
    if (!authorised) throw new Refusal('party/not-authorised');
  })
};
