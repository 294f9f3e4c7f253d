import {
  deviceStatuses,
  deviceTypes,
  type DeviceRecord,
  type DeviceStatus,
  type DeviceType
} from '../../pki/messages/index.js';
import { InventoryLineError, type InventoryHeader } from './record.js';

/**
 * One reading of the inventory, whole and unchangeable. Columns instead of objects: 23 octets a device, so that a
 * new reading and the old one fit beside each other.
 */
export interface Snapshot {
  readonly generatedAt: Date;
  readonly size: number;
  get(deviceId: bigint): DeviceRecord | undefined;
}

/** Takes the records of a file one after another, and makes the snapshot when all are there. */
export class SnapshotBuilder {
  readonly #header: InventoryHeader;
  readonly #ids: BigUint64Array;
  readonly #statuses: Uint8Array;
  readonly #types: Uint8Array;
  readonly #suppliers: Uint16Array;
  readonly #since: Float64Array;
  /** Each set of suppliers once: there are thousands of devices to a supplier. */
  readonly #sets: (readonly bigint[])[] = [];
  readonly #setIndexes = new Map<string, number>();
  #size = 0;

  constructor(header: InventoryHeader) {
    this.#header = header;
    this.#ids = new BigUint64Array(header.records);
    this.#statuses = new Uint8Array(header.records);
    this.#types = new Uint8Array(header.records);
    this.#suppliers = new Uint16Array(header.records);
    this.#since = new Float64Array(header.records);
  }

  add(record: DeviceRecord, line: number): void {
    const at = this.#size++;
    if (at >= this.#header.records) throw new InventoryLineError(line, 'more records than the header says');
    this.#ids[at] = record.deviceId;
    this.#statuses[at] = deviceStatuses.indexOf(record.status);
    this.#types[at] = deviceTypes.indexOf(record.type);
    this.#suppliers[at] = this.#setOf(record.responsibleSuppliers, line);
    this.#since[at] = record.since.getTime();
  }

  /** Throws where records are missing or a device is there twice. */
  finish(line: number): Snapshot {
    if (this.#size !== this.#header.records)
      throw new InventoryLineError(line, 'fewer records than the header says');
    const order = Uint32Array.from({ length: this.#size }, (_, index) => index);
    const ids = this.#ids;
    order.sort((a, b) => compare(ids[a] as bigint, ids[b] as bigint));
    const sorted = BigUint64Array.from(order, index => ids[index] as bigint);
    for (let i = 1; i < sorted.length; i++)
      if (sorted[i] === sorted[i - 1])
        // The header is line 1, the first record line 2.
        throw new InventoryLineError((order[i] as number) + 2, 'a device that is there already');
    return {
      generatedAt: this.#header.generatedAt,
      size: this.#size,
      get: deviceId => {
        const place = find(sorted, deviceId);
        return place === undefined ? undefined : this.#record(deviceId, order[place] as number);
      }
    };
  }

  #record(deviceId: bigint, at: number): DeviceRecord {
    return {
      deviceId,
      status: deviceStatuses[this.#statuses[at] as number] as DeviceStatus,
      type: deviceTypes[this.#types[at] as number] as DeviceType,
      responsibleSuppliers: this.#sets[this.#suppliers[at] as number] as readonly bigint[],
      since: new Date(this.#since[at] as number)
    };
  }

  #setOf(suppliers: readonly bigint[], line: number): number {
    const key = suppliers.join(',');
    const known = this.#setIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.#sets.push(suppliers) - 1;
    if (index > 0xffff) throw new InventoryLineError(line, 'more sets of suppliers than there can be');
    this.#setIndexes.set(key, index);
    return index;
  }
}

/** Binary search. */
function find(sorted: BigUint64Array, wanted: bigint): number | undefined {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compare(sorted[middle] as bigint, wanted);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
