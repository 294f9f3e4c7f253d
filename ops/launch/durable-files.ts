import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync
} from 'node:fs';
import { join } from 'node:path';
import type { CeremonyFiles, TranscriptLine } from '../../ca/index.js';

/** The folder a ceremony writes to: whole files only, on stable storage, none ever overwritten. */
export function ceremonyFolder(directory: string): CeremonyFiles {
  return {
    async read(name) {
      const file = join(directory, name);
      return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
    },
    async write(name, octets) {
      const file = join(directory, name);
      const draft = `${file}.draft`;
      rmSync(draft, { force: true });
      writeDurably(draft, octets, 'wx');
      // Fails where the file is there already, unlike a rename.
      linkSync(draft, file);
      rmSync(draft);
    }
  };
}

/** Appends each line in both forms, `transcript.jsonl` for programs and `transcript.txt` for people. */
export function ceremonyTranscript(directory: string): (line: TranscriptLine) => Promise<void> {
  return async line => {
    writeDurably(join(directory, 'transcript.jsonl'), Buffer.from(`${line.json}\n`), 'a');
    writeDurably(join(directory, 'transcript.txt'), Buffer.from(`${line.text}\n`), 'a');
  };
}

function writeDurably(file: string, octets: Uint8Array, flags: 'wx' | 'a'): void {
  const descriptor = openSync(file, flags, 0o600);
  try {
    writeSync(descriptor, octets);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
