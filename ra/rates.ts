import type { Policy } from '../pki/index.js';
import { secondOfDay } from './local-time.js';

export type RateClass = 'none' | 'soft' | 'hard';

export interface RateVerdict {
  readonly exceeds: RateClass;
  /** True when this excess should be recorded: at most once a minute and party, so that a flood stays one event. */
  readonly report: boolean;
}

interface PartyRate {
  /** Start of the second that is counted, ms. */
  second: number;
  inSecond: number;
  /** Soft class as a bucket: requests on account, and when it was last drained. */
  level: number;
  drainedAt: number;
  day: number;
  inDay: number;
  reportedAt: number;
}

/**
 * Requests per party against the classes of SEC Appendix N (`adhoc.*.spacing`, `portal.requests-per-day`) and
 * against the hard ceiling. Counted in this process: with several RAs the ceiling holds for each.
 */
export class Rates {
  readonly #policy: Policy;
  readonly #hardPerSecond: number;
  readonly #parties = new Map<string, PartyRate>();
  /** The last hour that was asked for, counted from 1970, and what clocks in London show in it. */
  #hour = { since: NaN, london: 0 };

  constructor(policy: Policy, hardPerSecond: number) {
    this.#policy = policy;
    this.#hardPerSecond = hardPerSecond;
  }

  take(partyId: string, through: string, now: Date): RateVerdict {
    const at = now.getTime();
    const key = `${partyId} ${through}`;
    let party = this.#parties.get(key);
    if (party === undefined) {
      party = { second: at, inSecond: 0, level: 0, drainedAt: at, day: at, inDay: 0, reportedAt: -Infinity };
      this.#parties.set(key, party);
    }
    const exceeds = this.#classOf(party, through, now);
    const report = exceeds !== 'none' && at - party.reportedAt >= 60_000;
    if (report) party.reportedAt = at;
    return { exceeds, report };
  }

  #classOf(party: PartyRate, through: string, now: Date): RateClass {
    const at = now.getTime();
    if (at - party.second >= 1_000) {
      party.second = at;
      party.inSecond = 0;
    }
    party.inSecond += 1;
    if (party.inSecond > this.#hardPerSecond) return 'hard';
    return through === 'adhoc' ? this.#spacing(party, now) : this.#perDay(party, at);
  }

  /** Clocks change at whole hours of Greenwich only, so that one hour has one name. */
  #londonHour(at: Date): number {
    const since = Math.floor(at.getTime() / 3_600_000);
    if (since !== this.#hour.since) this.#hour = { since, london: Math.floor(secondOfDay(at) / 3_600) };
    return this.#hour.london;
  }

  /** One request per spacing; a short burst of five is not an excess. */
  #spacing(party: PartyRate, now: Date): RateClass {
    const figures = this.#policy.figures;
    const hour = this.#londonHour(now);
    const isDay = hour >= figures['adhoc.day.from'].value && hour < figures['adhoc.day.until'].value;
    const seconds = figures[isDay ? 'adhoc.day.spacing' : 'adhoc.night.spacing'].value;
    const drained = (now.getTime() - party.drainedAt) / 1_000 / seconds;
    party.level = Math.max(0, party.level - Math.max(0, drained)) + 1;
    party.drainedAt = now.getTime();
    return party.level > 5 ? 'soft' : 'none';
  }

  #perDay(party: PartyRate, at: number): RateClass {
    if (at - party.day >= 86_400_000) {
      party.day = at;
      party.inDay = 0;
    }
    party.inDay += 1;
    return party.inDay > this.#policy.figures['portal.requests-per-day'].value ? 'soft' : 'none';
  }
}
