import type { Certificate } from '../../x509/index.js';
import type { SmkiFacts } from '../smki/facts.js';
import { momentText, nameText, oneLine, readShown, subjectText } from './text.js';
import type { ExplainedResult, ExplainedStatus } from './verdict.js';

/**
 * The verdict in one line for people: who the certificate is of, under whom, and the status it has; or the code, the
 * reason, and the certificate at fault. Text of the certificates is escaped (RFC 4514, control characters besides)
 * and cut; the line says nothing that the result does not.
 */
export function explainVerdict(result: ExplainedResult): string {
  return result.valid ? explainValid(result) : explainFailure(result);
}

function explainValid({ path, revocation, facts }: ExplainedResult & { valid: true }): string {
  const [target, ...above] = path.map(readShown);
  const anchor = above.at(-1);
  const parts = [
    `valid: ${target === undefined ? 'a certificate' : subjectText(target)}`,
    ...(facts ? [factsText(facts)] : []),
    ...(target && above.length > 0 ? [`issued by ${nameText(target.issuer)}`] : []),
    ...(anchor && above.length > 1 ? [`anchor ${nameText(anchor.subject)}`] : []),
    ...(facts?.timeRule === 'issuer-valid-when-issued' ? ['issuers valid when it was issued'] : []),
    revocation.length === 0 ? 'revocation not asked for' : revocation.map(statusText).join(', ')
  ];
  return parts.join('; ');
}

function factsText({ profile, role, entity }: SmkiFacts): string {
  const named = role === undefined ? '' : ` role ${role.code} ${role.name}`;
  return `${profile}${named}${entity === undefined ? '' : ` ${entity}`}`;
}

/** The status of the certificate at a depth, and what it rests on. */
export function statusText({ depth, kind, number, nextUpdate, reason }: ExplainedStatus): string {
  const of = depth === 0 ? 'status' : `status of issuer ${depth}`;
  if (kind === 'none') return `${of}: no list (${oneLine(reason ?? 'none')})`;
  const source = kind === 'ocsp' ? 'response' : `list ${number ?? ''}`.trim();
  return `${of}: good by ${source}${nextUpdate === undefined ? '' : ` until ${momentText(nextUpdate)}`}`;
}

function explainFailure({ path, failure }: ExplainedResult & { valid: false }): string {
  const { code, message, depth } = failure;
  const verb = code.startsWith('input/') ? 'not judged' : 'not valid';
  const der = path?.[depth];
  const certificate = der === undefined ? undefined : readShown(der);
  const where = certificate === undefined ? '' : ` (${whereText(certificate, depth)})`;
  return `${verb}: ${code}: ${oneLine(message)}${where}`;
}

function whereText(certificate: Certificate, depth: number): string {
  const which = depth === 0 ? 'the certificate' : depth === 1 ? 'its issuer' : `${depth} above it`;
  return `${which}: ${subjectText(certificate)}, serial ${certificate.serialHex}`;
}
