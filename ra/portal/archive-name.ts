import { ArchiveError } from './archive-error.js';

/** DESIGN: as the identifiers of the batched web service (SEC Appendix M, Appendix E: 1 to 100 characters). */
export const maxNameCharacters = 100;

/**
 * What no file name of ours holds: separators of any system, drive and stream marks, and control, format, private-use,
 * unassigned and line-breaking characters, by which a name could lead elsewhere or look like another.
 */
const unfit = /[/\\:\p{C}\p{Zl}\p{Zp}]/u;

/** Whether a text is the name of a file that belongs nowhere but where it is put. `ending` with its dot, lower case. */
export function isFileName(name: string, ending: string): boolean {
  return (
    name.length > ending.length &&
    [...name].length <= maxNameCharacters &&
    !name.startsWith('.') &&
    !unfit.test(name) &&
    name.toLowerCase().endsWith(ending)
  );
}

/** The name without its ending of `ending.length` characters. */
export function baseName(name: string, ending: string): string {
  return name.slice(0, -ending.length);
}

/** Names that some file system holds for one have one key: compatibility forms and full case folding. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The names of one archive, each a root-level `*.csr` and no two alike (SEC Appendix M, Appendix F). */
export class RequestNames {
  readonly #taken = new Set<string>();

  /** @param isUtf8 what the header says; without, the name is in a code page of the packer's, and only ASCII is sure */
  take(octets: Uint8Array, isUtf8: boolean): string {
    if (!isUtf8 && octets.some(octet => octet > 0x7e))
      throw new ArchiveError('archive/name', 'characters in an unknown code page');
    let name;
    try {
      name = utf8.decode(octets);
    } catch (cause) {
      throw new ArchiveError('archive/name', 'not UTF-8', { cause });
    }
    if (!isFileName(name, '.csr')) throw new ArchiveError('archive/name', 'not a root-level *.csr');
    const key = nameKey(name);
    if (this.#taken.has(key)) throw new ArchiveError('archive/duplicate', 'two entries of one name');
    this.#taken.add(key);
    return name;
  }
}
