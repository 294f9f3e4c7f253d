import type { RaContext } from '../deps.js';
import { continuation } from '../issuance/requests.js';
import type { Intake } from './intake.js';

/** One check of the intake, one file each. It refuses by throwing a `Refusal` and may add to the intake. */
export interface IntakeCheck {
  readonly name: string;
  /** The rule of the request checks it stands for. */
  readonly rule: string;
  applies(intake: Intake): boolean;
  run(deps: RaContext, intake: Intake): void | Promise<void>;
}

/**
 * True while a request is a new one or needs a fresh order: the checks on what may be issued next apply. A request
 * joined to its open or undelivered earlier self adds nothing to what is issued.
 */
export function asksForIssuance(deps: RaContext, intake: Intake): boolean {
  return intake.earlier === undefined || continuationOf(deps, intake) !== 'join';
}

export function continuationOf(deps: RaContext, intake: Intake): 'new' | Continuation {
  return intake.earlier === undefined ? 'new' : continuation(intake.earlier, deps.clock.now());
}

type Continuation = ReturnType<typeof continuation>;
