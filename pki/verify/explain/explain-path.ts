import { sameOctets } from '../../der/octets.js';
import { nearestProfile } from '../smki/recognise.js';
import { statusText } from './explain-verdict.js';
import { momentText, nameText, oneLine, readShown, subjectText } from './text.js';
import type { ExplainedFailure, ExplainedResult } from './verdict.js';

/**
 * The path as a tree of lines, the anchor on top and each certificate indented below its issuer: subject (RFC 4514,
 * escaped), serial number, validity, in SMKI mode the profile, and the status where it was asked for. A failure stands
 * under the certificate at fault, or on top where the issuer that is missing would be; other tries follow. No line
 * ends the text.
 */
export function explainPath(result: ExplainedResult): string {
  const path = result.path ?? [];
  const failure = result.valid ? undefined : result.failure;
  const isSmki = result.facts !== undefined;
  const lines: string[] = [];
  if (failure && failure.depth >= path.length) lines.push(reasonLine(failure));
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const indent = '  '.repeat(path.length - 1 - depth);
    const isTop = depth === path.length - 1;
    lines.push(`${indent}${certificateText(path[depth] as Uint8Array, isTop, isSmki)}`);
    if (result.valid)
      for (const status of result.revocation)
        if (status.depth === depth) lines.push(`${indent}  ${statusText({ ...status, depth: 0 })}`);
    if (failure?.depth === depth) lines.push(`${indent}  ${reasonLine(failure)}`);
  }
  for (const other of failure?.others ?? []) lines.push(`also: ${other.code}: ${oneLine(other.message)}`);
  return lines.join('\n');
}

function certificateText(der: Uint8Array, isTop: boolean, isSmki: boolean): string {
  const certificate = readShown(der);
  if (certificate === undefined) return '(a certificate that cannot be read)';
  const { subject, issuer, serialHex, notBefore, notAfter } = certificate;
  const parts = [
    subjectText(certificate),
    ...(isTop && !sameOctets(subject.der, issuer.der) ? [`issued by ${nameText(issuer)}`] : []),
    `serial ${serialHex}`,
    `${momentText(notBefore)} to ${momentText(notAfter)}`,
    ...(isSmki ? [nearestProfile(certificate).name] : [])
  ];
  return parts.join(', ');
}

function reasonLine({ code, message }: ExplainedFailure): string {
  return `=> ${code}: ${oneLine(message)}`;
}
