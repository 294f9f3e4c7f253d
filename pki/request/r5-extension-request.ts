import { DerError } from '../der/index.js';
import {
  decodeExtension,
  duplicatesIn,
  oids,
  requestedExtensions,
  type KeyUsageName
} from '../x509/index.js';
import type { RequestCheck } from './draft.js';

/**
 * R5: exactly one extensionRequest attribute with one value, no extension in it twice, and key usage with exactly
 * one bit, of those the certificate may have (SEC Appendix M, appendix F). Other attributes are noted.
 */
export const extensionRequestCheck: RequestCheck = {
  rule: 'R5',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { attributes, lengths } = draft.get('structure');
    const asked = attributes.filter(attribute => attribute.type === oids.extensionRequest);
    const values = asked.flatMap(attribute => attribute.values);
    const [value] = values;
    if (asked.length !== 1 || values.length !== 1 || value === undefined)
      throw refusal('request/extension-request', `${asked.length} attributes with ${values.length} values`);
    for (const { type } of attributes)
      if (type !== oids.extensionRequest) draft.notes.push(`attribute ${type} ignored`);
    try {
      draft.found({ extensions: requestedExtensions(value, lengths) });
    } catch (cause) {
      if (cause instanceof DerError) throw refusal('request/extension-request', cause.message, cause);
      throw cause;
    }
    const extensions = draft.get('extensions');
    const [twice] = duplicatesIn(extensions);
    if (twice !== undefined) throw refusal('request/duplicate-extension', `extension ${twice}`);

    const keyUsage = extensions.find(extension => extension.oid === oids.keyUsage);
    if (keyUsage === undefined) throw refusal('request/key-usage', 'no key usage');
    let usages: KeyUsageName[];
    try {
      usages = decodeExtension.keyUsage(keyUsage.value, lengths);
    } catch (cause) {
      if (cause instanceof DerError) throw refusal('request/key-usage', cause.message, cause);
      throw cause;
    }
    const [usage, ...others] = usages;
    if (usage === undefined || others.length > 0 || !draft.rules.usages.includes(usage))
      throw refusal('request/key-usage', usages.join(', '));
    draft.found({ usage });
  }
};
