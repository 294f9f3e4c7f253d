/** Why octets are not an archive of requests; closed. */
export type ArchiveErrorCode =
  /** Not one plain ZIP from the first octet to the last: junk, gaps, overlaps, comments, disks, ZIP64. */
  | 'archive/form'
  /** Encrypted, or packed by another method than stored and deflated. */
  | 'archive/method'
  /** A name that is a path, has another ending, is too long or holds what a file name should not. */
  | 'archive/name'
  /** Two names that are one on some file system: by case, by Unicode normalisation, or the same. */
  | 'archive/duplicate'
  /** More entries than a batch has requests. */
  | 'archive/count'
  /** An entry, or all of them, that is larger than requests are, declared or unpacked. */
  | 'archive/size'
  /** What an entry holds is not what its headers say. */
  | 'archive/damaged';

/** The archive is refused. `detail` holds our words and numbers, never a name or content from the archive. */
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode;
  readonly detail: string;

  constructor(code: ArchiveErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'ArchiveError';
    this.code = code;
    this.detail = detail;
  }
}
