import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { DeviceRecord } from '../../pki/messages/index.js';
import {
  formatHeaderLine,
  formatRecordLine,
  InventoryLineError,
  maxRecords,
  readHeaderLine,
  readRecordLine
} from './record.js';
import { SnapshotBuilder, type Snapshot } from './snapshot.js';

/** DESIGN: a record with eight suppliers has some 400 octets. */
const maxLineOctets = 4_096;

/**
 * Reads a file of JSON Lines: a header, then one record a line, `\n` after each, also the last. Throws
 * `InventoryLineError` for a file that is not whole and right, and Node's own error for one that cannot be read.
 */
export async function readInventory(path: string): Promise<Snapshot> {
  let builder: SnapshotBuilder | undefined;
  let line = 0;
  for await (const text of linesOf(path)) {
    line++;
    if (builder === undefined) builder = new SnapshotBuilder(readHeaderLine(text));
    else builder.add(readRecordLine(text, line), line);
  }
  if (builder === undefined) throw new InventoryLineError(1, 'no header');
  return builder.finish(line);
}

/** node:readline has no limit to the length of a line. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    const chunk = Buffer.concat([rest, part]);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      line++;
      if (end - from > maxLineOctets) throw new InventoryLineError(line, `over ${maxLineOctets} octets`);
      yield decode(utf8, chunk.subarray(from, end), line);
      from = end + 1;
    }
    rest = chunk.subarray(from);
    if (rest.length > maxLineOctets) throw new InventoryLineError(line + 1, `over ${maxLineOctets} octets`);
  }
  if (rest.length > 0) throw new InventoryLineError(line + 1, 'no line end');
}

function decode(utf8: InstanceType<typeof TextDecoder>, octets: Uint8Array, line: number): string {
  try {
    return utf8.decode(octets);
  } catch (cause) {
    throw new InventoryLineError(line, 'not UTF-8', { cause });
  }
}

/**
 * Writes an inventory so that a reader sees the old file or the new one, never a part. For whoever exports the
 * smart metering inventory, and for demonstrations.
 */
export async function writeInventory(
  path: string,
  inventory: { readonly generatedAt: Date; readonly records: readonly DeviceRecord[] }
): Promise<void> {
  const { generatedAt, records } = inventory;
  if (records.length > maxRecords) throw new RangeError(`an inventory has at most ${maxRecords} records`);
  const temporary = `${path}.${process.pid}.new`;
  const file = await open(temporary, 'w', 0o640);
  try {
    for (const text of textOf(generatedAt, records)) await file.appendFile(text);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Some 200 KiB at a time. */
function* textOf(generatedAt: Date, records: readonly DeviceRecord[]): Generator<string> {
  yield `${formatHeaderLine({ generatedAt, records: records.length })}\n`;
  for (let from = 0; from < records.length; from += 1_000) {
    const part = records.slice(from, from + 1_000);
    yield part.map(record => `${formatRecordLine(record)}\n`).join('');
  }
}
