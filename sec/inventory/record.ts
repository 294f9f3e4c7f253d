import { z } from 'zod';
import { formatEui64, IdentifierError, parseEui64 } from '../../pki/index.js';
import { deviceStatuses, deviceTypes, type DeviceRecord } from '../../pki/messages/index.js';

/** Names the file's format and its version; another text is another format. */
export const inventoryFormat = 'opensmki-inventory-1';

/** First line of a file. */
export interface InventoryHeader {
  /** When the inventory was read out: what staleness is counted from. */
  readonly generatedAt: Date;
  /** How many lines follow: a file that was cut short is not a smaller inventory. */
  readonly records: number;
}

/** DESIGN: ten times the devices of a large pilot; some 23 octets of memory each. */
export const maxRecords = 1_000_000;
/** DESIGN: a dual-fuel home's device has one or two responsible suppliers; a change of supplier adds one. */
const maxSuppliers = 8;

const eui64 = z.string().transform((text, context) => {
  try {
    return parseEui64(text);
  } catch (error) {
    if (!(error instanceof IdentifierError)) throw error;
    context.addIssue({ code: 'custom', message: 'not an EUI-64 in text form' });
    return z.NEVER;
  }
});
const moment = z.iso.datetime().transform(text => new Date(text));

const headerLine = z.strictObject({
  format: z.literal(inventoryFormat),
  generatedAt: moment,
  records: z.int().min(0).max(maxRecords)
});
const recordLine = z.strictObject({
  deviceId: eui64,
  status: z.enum(deviceStatuses),
  type: z.enum(deviceTypes),
  responsibleSuppliers: z.array(eui64).max(maxSuppliers),
  since: moment
});

/** Why a line is not one, in words that hold none of its text. */
export class InventoryLineError extends Error {
  readonly line: number;
  constructor(line: number, what: string, options?: ErrorOptions) {
    super(`line ${line}: ${what}`, options);
    this.name = 'InventoryLineError';
    this.line = line;
  }
}

export function readHeaderLine(text: string): InventoryHeader {
  const { generatedAt, records } = readLine(headerLine, text, 1);
  return { generatedAt, records };
}

export function readRecordLine(text: string, line: number): DeviceRecord {
  return readLine(recordLine, text, line);
}

function readLine<T>(schema: z.ZodType<T>, text: string, line: number): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InventoryLineError(line, 'not JSON', { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InventoryLineError(line, `${issue?.path.join('.') ?? ''} ${issue?.code ?? ''}`.trim());
}

export function formatHeaderLine(header: InventoryHeader): string {
  return JSON.stringify({
    format: inventoryFormat,
    generatedAt: header.generatedAt.toISOString(),
    records: header.records
  });
}

export function formatRecordLine(record: DeviceRecord): string {
  return JSON.stringify({
    deviceId: formatEui64(record.deviceId),
    status: record.status,
    type: record.type,
    responsibleSuppliers: record.responsibleSuppliers.map(formatEui64),
    since: record.since.toISOString()
  });
}
