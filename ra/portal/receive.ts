import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { BatchSettings } from '../batch/config.js';
import { readUpload } from '../batch/upload.js';
import { Refusal } from '../refusal.js';
import type { ArchiveFile } from './archive-window.js';

/** An upload as it was received, in a file that has no name any more. */
export interface ReceivedFile {
  readonly file: ArchiveFile;
  readonly octets: number;
  readonly sha256: Uint8Array;
  close(): Promise<void>;
}

/**
 * Receives a body into a file of the spool directory that loses its name at once: a ZIP is read from its end, and a
 * killed process leaves nothing behind. The next piece is read from the connection when the last one is written.
 */
export async function receive(
  request: IncomingMessage,
  {
    spoolDirectory,
    uploadOctets,
    uploadIdleMs,
    uploadTotalMs
  }: Pick<BatchSettings, 'spoolDirectory' | 'uploadOctets' | 'uploadIdleMs' | 'uploadTotalMs'>
): Promise<ReceivedFile> {
  if (Number(request.headers['content-length'] ?? 0) > uploadOctets) throw new Refusal('message/too-large');
  const path = join(spoolDirectory, `opensmki-archive-${randomUUID()}`);
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await unlink(path);
    const hash = createHash('sha256');
    let octets = 0;
    for await (const piece of readUpload(request, { idleMs: uploadIdleMs, totalMs: uploadTotalMs })) {
      if (octets + piece.length > uploadOctets) throw new Refusal('message/too-large');
      hash.update(piece);
      await writeAll(handle, piece, octets);
      octets += piece.length;
    }
    return {
      file: {
        size: octets,
        read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead
      },
      octets,
      sha256: hash.digest(),
      close: () => handle.close()
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < piece.length;) {
    const { bytesWritten } = await handle.write(piece, at, piece.length - at, position + at);
    at += bytesWritten;
  }
}
