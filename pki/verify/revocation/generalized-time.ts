import { DerError, tags, type DerReader } from '../../der/index.js';
import { timeFromContent } from '../../der/time.js';

/**
 * A GeneralizedTime whatever its year: invalidityDate and the times of OCSP have no UTCTime form (RFC 5280 5.3.2,
 * RFC 6960 4.2.1). Seconds, `Z`, no fraction, a real date; years before 1950 are refused, since nothing that is
 * told of a certificate is that old.
 */
export function readGeneralizedTime(reader: DerReader, what: string): Date {
  const { content, contentOffset } = reader.read(tags.generalizedTime, what);
  const century = (content[0] ?? 0) * 100 + (content[1] ?? 0);
  const tens = content[2] ?? 0;
  // 1950 to 2049 are the years that UTCTime has: without the century it is the same moment.
  const nineteenth = century === 0x31 * 100 + 0x39 && tens >= 0x35;
  const twentieth = century === 0x32 * 100 + 0x30 && tens < 0x35;
  if (content.length !== 15) throw new DerError('der/time', contentOffset, what);
  if (nineteenth || twentieth)
    return timeFromContent(tags.utcTime, content.subarray(2), contentOffset + 2, what);
  return timeFromContent(tags.generalizedTime, content, contentOffset, what);
}
