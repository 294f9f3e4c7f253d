import { pino, type DestinationStream, type Logger } from 'pino';
import { LogLines } from './log-lines.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names under which a secret or personal data could stand in an object that is logged. */
const secretNames = [
  ...['pin', 'password', 'passphrase', 'secret', 'permitSecret', 'privateKey', 'apiKey', 'token', 'key'],
  ...['authorization', 'cookie', 'x-api-key', 'url', 'connectionString', 'csr', 'email', 'address', 'body'],
  // Of node-postgres and knex errors: values of rows, and statements with them.
  ...['detail', 'where', 'bindings', 'parameters', 'internalQuery']
];

const redactPaths = secretNames.flatMap(name => {
  const quoted = /^[A-Za-z_]\w*$/.test(name) ? name : `["${name}"]`;
  const below = quoted.startsWith('[') ? `*${quoted}` : `*.${quoted}`;
  return [quoted, below, `*.${below}`];
});

/** `scheme://user:password@` and PEM private keys, wherever they stand in a text. */
const secretText =
  /([a-z][a-z0-9+.-]*:\/\/[^\s:@/]+:)[^\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END [A-Z ]*PRIVATE KEY-----/g;

function cleanText(text: string): string {
  return text.replace(secretText, (_match, before: string | undefined) =>
    before === undefined ? '[private key]' : `${before}[secret]@`
  );
}

interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** An error as a log holds it: its own fields may carry anything, so only these are taken. */
function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '' };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: cleanText(error.message),
    ...(error.stack === undefined || depth > 0 ? {} : { stack: cleanText(error.stack) }),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) })
  };
}

function errorIn(value: unknown): Error | undefined {
  const err = typeof value === 'object' && value !== null && 'err' in value ? value.err : undefined;
  return err instanceof Error ? err : undefined;
}

/**
 * The structured log of a process, JSON Lines on standard output: no secrets, no personal data. Known names are
 * redacted two levels deep, errors reduced to code, text and stack, passwords in URLs and private keys cut out of
 * texts. A net, not a licence: whoever logs names the facts.
 */
export function createLogger(
  options: { readonly component: string; readonly instance: string; readonly level: LogLevel },
  destination?: DestinationStream
): Logger {
  return pino(
    {
      level: options.level,
      base: { component: options.component, instance: options.instance, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: redactPaths, censor: '[redacted]' },
      serializers: { err: error => describeError(error), error: error => describeError(error) },
      hooks: {
        logMethod(args, method) {
          const [first, ...texts] = args as unknown[];
          // pino takes an error's own message where none is given.
          const error = first instanceof Error ? first : errorIn(first);
          const cleaned = texts.map(text => (typeof text === 'string' ? cleanText(text) : text));
          if (error !== undefined && cleaned.length === 0) cleaned.push(cleanText(error.message));
          const head =
            typeof first === 'string' ? cleanText(first) : first instanceof Error ? { err: first } : first;
          method.apply(this, [head, ...cleaned] as Parameters<typeof method>);
        }
      }
    },
    destination ?? standardOutput()
  );
}

/** Nothing stays behind when the process exits: the last lines before a crash are the ones somebody needs. */
function standardOutput(): LogLines {
  const output = pino.destination({ dest: 1, sync: true });
  const lines = new LogLines(text => output.write(text));
  process.once('exit', () => lines.flushSync());
  return lines;
}
