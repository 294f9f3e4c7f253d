import type { RaContext } from '../deps.js';
import { continuation } from '../issuance/requests.js';
import { asRefusal, type Refusal } from '../refusal.js';
import type { Intake } from './intake.js';

/** Those of a group that a check refuses. */
export type Refused = ReadonlyMap<Intake, Refusal>;

/** One check of the intake, one file each. */
export interface IntakeCheck {
  readonly name: string;
  /** The rule of the request checks it stands for. */
  readonly rule: string;
  applies(intake: Intake): boolean;
  /**
   * Looks at a group at once, so that many cost one question to the database. Answers the refused ones and may add to
   * the others; what it throws is a fault that leaves it without an answer for any of them.
   */
  run(deps: RaContext, intakes: readonly Intake[]): Refused | Promise<Refused>;
}

const none: Refused = new Map();

/** A check that looks at each intake by itself; what it throws is that intake's alone. */
export function each(
  look: (deps: RaContext, intake: Intake) => void
): (deps: RaContext, intakes: readonly Intake[]) => Refused {
  return (deps, intakes) => {
    let refused: Map<Intake, Refusal> | undefined;
    for (const intake of intakes) {
      try {
        look(deps, intake);
      } catch (error) {
        refused ??= new Map();
        refused.set(intake, asRefusal(error));
      }
    }
    return refused ?? none;
  };
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
