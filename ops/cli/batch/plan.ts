import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { DerError } from '../../../pki/der/index.js';
import { parseRequest, X509Error } from '../../../pki/x509/index.js';
import { CliError } from '../exit.js';

/** How the files of certificates are written. */
export const certificateForms = ['pem', 'der'] as const;
export type CertificateForm = (typeof certificateForms)[number];

const plannedBatch = z.object({
  /** From 1, in the order of the requests. */
  number: z.number().int().min(1),
  /** A message sent as it is; absent where we make it of requests. */
  message: z.string().optional(),
  requests: z.number().int().optional(),
  /** `ID` of the message: how the batch is found again when the answer to its upload was lost. */
  name: z.string().optional(),
  /**
   * `planned`: nothing was sent. `sending`: an upload began; whether it arrived is not known. `submitted`: the RA has
   * it. `fetched`: ended, and every result is written.
   */
  step: z.enum(['planned', 'sending', 'submitted', 'fetched']),
  sendingSince: z.string().optional(),
  batchId: z.string().optional(),
  /** Of a fetched batch. */
  state: z.string().optional(),
  issued: z.number().int().optional(),
  refused: z.number().int().optional()
});
export type PlannedBatch = z.infer<typeof plannedBatch>;

const planFile = z.object({
  version: z.literal(1),
  ra: z.string(),
  files: z.array(z.string()),
  form: z.enum(certificateForms),
  /** Octets of `errors.csv` that belong to fetched batches; what stands behind is written again. */
  errorOctets: z.number().int().min(0),
  batches: z.array(plannedBatch)
});
export type Plan = z.infer<typeof planFile>;

/** What is known of a request beside its name. */
export interface PlannedRequest {
  readonly batch: number;
  /** `ID` in the message. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the DER, hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal; empty where the request is not one we can read. */
  readonly key: string;
}

/**
 * The folder of a submission: `submission.json` says how far it is, `requests.csv` which request is which, and the results
 * are written beside them. A state is written before the act that leads out of it and whole or not at all, so that a
 * killed program leaves a folder that the next one goes on with.
 */
export class SubmissionFolder {
  readonly folder: string;
  readonly plan: Plan;

  private constructor(folder: string, plan: Plan) {
    this.folder = folder;
    this.plan = plan;
  }

  /** The submission in a folder, or `undefined` where there is none. */
  static async find(folder: string): Promise<SubmissionFolder | undefined> {
    let text;
    try {
      text = await readFile(path.join(folder, 'submission.json'), 'utf8');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw new CliError('cli/file', `${folder}/submission.json cannot be read`, { cause });
    }
    const read = planFile.safeParse(parsed(text));
    if (!read.success)
      throw new CliError('cli/file', `${folder}/submission.json is not what this program wrote`);
    return new SubmissionFolder(folder, read.data);
  }

  /** Writes `requests.csv`, then the plan; the folder holds a submission from then on. */
  static async create(
    folder: string,
    requests: AsyncIterable<PlannedRequest>,
    planOf: () => Plan
  ): Promise<SubmissionFolder> {
    await mkdir(folder, { recursive: true });
    const draft = path.join(folder, 'requests.csv.part');
    const file = await open(draft, 'w', 0o644);
    try {
      await file.write('batch,id,name,sha256,key\n');
      const lines: string[] = [];
      for await (const { batch, id, name, sha256, key } of requests) {
        lines.push(csvLine([String(batch), id, name, sha256, key]));
        if (lines.length >= linesAtOnce) await file.write(lines.splice(0).join(''));
      }
      await file.write(lines.join(''));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path.join(folder, 'requests.csv'));
    const made = new SubmissionFolder(folder, planOf());
    await made.save();
    return made;
  }

  /** Writes the plan as it is now. */
  async save(): Promise<void> {
    const file = path.join(this.folder, 'submission.json');
    const draft = `${file}.part`;
    await writeFile(draft, JSON.stringify(this.plan, null, 2) + '\n', { flush: true });
    await rename(draft, file);
  }

  /** The requests as they were planned, of one batch or all. */
  async *requests(batch?: number): AsyncGenerator<PlannedRequest> {
    const lines = createInterface({
      input: createReadStream(path.join(this.folder, 'requests.csv')),
      crlfDelay: Infinity
    });
    let heading = true;
    for await (const line of lines) {
      if (heading) {
        heading = false;
        continue;
      }
      const [number = '', id = '', name = '', sha256 = '', key = ''] = csvFields(line);
      if (batch === undefined || Number(number) === batch)
        yield { batch: Number(number), id, name, sha256, key };
    }
  }
}

/** DESIGN: lines written at once: some ten thousand octets. */
const linesAtOnce = 128;

export function hashOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** `PlannedRequest.key` of a request. */
export function requestKeyOf(der: Uint8Array): string {
  try {
    return hashOf(parseRequest(der, { lengths: 'long-form-allowed' }).publicKey.spki);
  } catch (error) {
    // The RA will say what is wrong with it.
    if (error instanceof DerError || error instanceof X509Error) return '';
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 4180, with line feeds. No field of ours holds a line break: names and codes have none, texts lose theirs. */
export function csvLine(fields: readonly string[]): string {
  const quoted = fields.map(field => {
    const flat = field.replace(/[\r\n]+/g, ' ');
    return /[",]/.test(flat) ? `"${flat.replaceAll('"', '""')}"` : flat;
  });
  return `${quoted.join(',')}\n`;
}

function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''
  );
}
