import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../ops/kit/clock.js';
import {
  DeviceStatusUnavailable,
  type DeviceRecord,
  type DeviceStatusProvider
} from '../../pki/messages/index.js';
import { readInventory } from './file.js';
import { InventoryLineError } from './record.js';
import type { Snapshot } from './snapshot.js';

export interface InventoryOptions {
  readonly path: string;
  /** Past this age of the reading (counted from its `generatedAt`) nothing is answered any more: policy. */
  readonly staleAfterMs: number;
  /** How often the file is looked at. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A device status provider over a file that somebody else replaces. */
export interface FileInventory extends DeviceStatusProvider {
  /** Reads the file now if it changed; resolves when that is done, whatever came of it. */
  refresh(): Promise<void>;
  health(): InventoryHealth;
  stop(): void;
}

export interface InventoryHealth {
  readonly healthy: boolean;
  /** Devices in the reading in force. */
  readonly records: number;
  readonly generatedAt: Date | undefined;
  /** Why nothing is answered, or why the newest file was not taken. */
  readonly fault: string | undefined;
}

/** DESIGN: 5 min, the skew the lints allow as well. A reading from further ahead is a wrong clock somewhere. */
const maxSkewMs = 5 * 60_000;

/**
 * Opens the inventory. A file that is not right never takes the place of a good reading, which goes on answering
 * until it is stale; a file that cannot be read at all, and no reading or a stale one, is `DeviceStatusUnavailable`.
 */
export async function openInventory(options: InventoryOptions): Promise<FileInventory> {
  const { path, clock, log } = options;
  let snapshot: Snapshot | undefined;
  /** Set while the file cannot be read: the inventory is not there. */
  let unreadable: string | undefined;
  /** Set while the newest file is not right: the last good reading answers. */
  let refused: string | undefined;
  let seen: string | undefined;
  let reading: Promise<void> | undefined;

  async function load(): Promise<void> {
    let version: string | undefined;
    try {
      version = await versionOf(path);
      if (version === seen && unreadable === undefined) return;
      const next = await readInventory(path);
      take(next);
      log.info({ records: next.size, generatedAt: next.generatedAt }, 'the inventory was read');
      [seen, unreadable, refused] = [version, undefined, undefined];
    } catch (error) {
      if (error instanceof InventoryLineError) {
        [unreadable, refused] = [undefined, error.message];
        // Looked at again when it changes, not at each poll.
        seen = version;
      } else {
        [unreadable, seen] = [messageOf(error), undefined];
      }
      log.error({ err: error }, 'the inventory could not be taken');
    }
  }

  function take(next: Snapshot): void {
    if (next.generatedAt.getTime() > clock.now().getTime() + maxSkewMs)
      throw new InventoryLineError(1, 'a reading from the future');
    // A copy that was restored or delivered late knows less than what is here.
    if (snapshot !== undefined && next.generatedAt < snapshot.generatedAt)
      throw new InventoryLineError(1, 'an older reading than the one in force');
    snapshot = next;
  }

  function refresh(): Promise<void> {
    reading ??= load().finally(() => (reading = undefined));
    return reading;
  }

  function fault(): string | undefined {
    if (unreadable !== undefined) return `the inventory cannot be read: ${unreadable}`;
    if (snapshot === undefined) return `there is no inventory: ${refused ?? 'not read yet'}`;
    const age = clock.now().getTime() - snapshot.generatedAt.getTime();
    if (age > options.staleAfterMs) return `the inventory is ${Math.round(age / 1_000)} s old`;
    return undefined;
  }

  await refresh();
  const timer = setInterval(() => void refresh(), options.pollMs);
  timer.unref();

  return {
    async get(deviceId: bigint): Promise<DeviceRecord | undefined> {
      const message = fault();
      if (message !== undefined || snapshot === undefined) throw new DeviceStatusUnavailable(message ?? '');
      return snapshot.get(deviceId);
    },
    refresh,
    health: () => ({
      healthy: fault() === undefined,
      records: snapshot?.size ?? 0,
      generatedAt: snapshot?.generatedAt,
      fault: fault() ?? refused
    }),
    stop: () => clearInterval(timer)
  };
}

/** Changes whenever the file is replaced or written to. */
async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
