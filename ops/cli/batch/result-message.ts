import type { XmlTag, XmlVisitor } from '../../../pki/xml/index.js';
import { CliError } from '../exit.js';

/** A DeviceCertificate element (SEC Appendix M, Appendix E). */
export interface BatchResult {
  readonly id: string;
  readonly status: string;
  /** Base64 DER. */
  readonly certificate?: string;
  readonly errorCode?: string;
  readonly errorText?: string;
}

/** Elements by depth: the root's children, those of a result or an error, those of an error in a result. */
const places: Readonly<Record<string, readonly string[]>> = {
  CSRBatchResult: ['Version', 'Build', 'BatchStatus', 'BatchId', 'Error', 'DeviceCertificate'],
  DeviceCertificate: ['Status', 'Certificate', 'Error'],
  Error: ['ErrorCode', 'ErrorText']
};

/**
 * Reads a CSRBatchResult (SEC Appendix M, Appendix E) while it arrives: elements in their places and no other, values
 * once each. Results are taken as they become whole.
 */
export class ResultMessage implements XmlVisitor {
  readonly #path: string[] = [];
  #results: BatchResult[] = [];
  #head: Record<string, string> = {};
  #result: { id: string; fields: Record<string, string> } | undefined;

  open(tag: XmlTag): void {
    const parent = this.#path[this.#path.length - 1];
    const fits =
      tag.namespace === '' &&
      (parent === undefined ? tag.name === 'CSRBatchResult' : places[parent]?.includes(tag.name) === true);
    if (!fits) throw malformed();
    this.#path.push(tag.name);
    if (tag.name !== 'DeviceCertificate') return;
    const id = tag.attributes.find(({ name, namespace }) => name === 'ID' && namespace === '')?.value;
    if (id === undefined) throw malformed();
    this.#result = { id, fields: {} };
  }

  close(tag: XmlTag, text: string): void {
    this.#path.pop();
    if (tag.name === 'DeviceCertificate') {
      this.#results.push(resultOf(this.#result));
      this.#result = undefined;
    } else if (places[tag.name] === undefined) {
      const fields = this.#result?.fields ?? this.#head;
      if (fields[tag.name] !== undefined) throw malformed();
      fields[tag.name] = text;
    }
  }

  /** The results that became whole since the last call. */
  take(): BatchResult[] {
    const taken = this.#results;
    this.#results = [];
    return taken;
  }

  /** What stands beside the results. */
  head(): { readonly status: string; readonly id: string | undefined; readonly error: string } {
    const { BatchStatus = '', BatchId, ErrorCode, ErrorText } = this.#head;
    return { status: BatchStatus, id: BatchId, error: [ErrorCode, ErrorText].filter(Boolean).join(' ') };
  }
}

function resultOf(result: { id: string; fields: Record<string, string> } | undefined): BatchResult {
  const { Status, Certificate, ErrorCode, ErrorText } = result?.fields ?? {};
  if (result === undefined || Status === undefined || (Status === 'SUCCESS') !== (Certificate !== undefined))
    throw malformed();
  return {
    id: result.id,
    status: Status,
    ...(Certificate === undefined ? {} : { certificate: Certificate }),
    ...(ErrorCode === undefined ? {} : { errorCode: ErrorCode }),
    ...(ErrorText === undefined ? {} : { errorText: ErrorText })
  };
}

function malformed(): CliError {
  return new CliError('cli/unavailable', 'the results do not follow their schema');
}
