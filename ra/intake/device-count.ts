import type { RaContext } from '../deps.js';
import { deviceCounts } from '../issuance/device-count.js';
import type { Intake } from './intake.js';

/** Sets the counts of those devices that no check has asked for yet. */
export async function readDeviceCounts(deps: RaContext, intakes: readonly Intake[]): Promise<void> {
  const unread = intakes.filter(intake => intake.deviceCount === undefined);
  if (unread.length === 0) return;
  const counts = await deviceCounts(
    deps,
    deps.database,
    unread.map(({ device }) => device)
  );
  for (const intake of unread) intake.deviceCount = counts.get(intake.device);
}
