import { createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Knex } from 'knex';
import type { Clock } from '../../ops/kit/clock.js';
import { RepositoryError } from '../errors.js';

/** An API key as it may be shown: never its text, which nobody has but its holder. */
export interface ApiKey {
  readonly id: string;
  /** Whose key it is: a party's or user's name as the operator wrote it. */
  readonly name: string;
  readonly createdAt: Date;
}

interface Row {
  id: string;
  name: string;
  created_at: Date;
  salt: Buffer;
  key_hash: Buffer;
}

/** Keys we make ourselves: 32 random octets in base64url, so that a salted SHA-256 is enough to keep. */
const keyOctets = 32;
/** DESIGN: what fits an URL. A key handed in from outside may be any text up to this. */
const maxKeyLength = 256;

export async function listApiKeys(database: Knex): Promise<ApiKey[]> {
  return (await currentRows(database)).map(row => ({
    id: row.id,
    name: row.name,
    createdAt: row.created_at
  }));
}

/** Makes a key; its text is in the answer and nowhere else. */
export async function addApiKey(
  database: Knex,
  name: string
): Promise<{ readonly apiKey: ApiKey; readonly key: string }> {
  const key = randomBytes(keyOctets).toString('base64url');
  return { apiKey: await insert(database, name, key), key };
}

/** The key with this id stops working, everywhere within `keyCacheMs`. */
export async function revokeApiKey(database: Knex, id: string): Promise<void> {
  const changed = await ask(
    database,
    'revoke-api-key',
    'update repository.api_key set revoked_at = now() where id = ?::uuid and revoked_at is null returning id',
    [id]
  );
  if (changed.length === 0)
    throw new RepositoryError('repository/unknown-api-key', 'no such API key', { id });
}

/**
 * Sees to it that `key` works under `name` and that no other key of that name does. For a launcher that was
 * handed a key; idempotent.
 */
export async function ensureApiKey(database: Knex, name: string, key: string): Promise<void> {
  if (key.length === 0 || key.length > maxKeyLength)
    throw new RangeError(`an API key has 1 to ${maxKeyLength} characters`);
  await database.transaction(async trx => {
    // Two launchers at once: the second waits here and then finds the first one's row.
    await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`repository api key ${name}`]);
    let found = false;
    for (const row of await currentRows(trx)) {
      if (row.name !== name) continue;
      if (!found && matches(row, key)) found = true;
      else await revokeApiKey(trx, row.id);
    }
    if (!found) await insert(trx, name, key);
  });
}

async function insert(database: Knex, name: string, key: string): Promise<ApiKey> {
  const salt = randomBytes(16);
  const [row] = await ask<Pick<Row, 'id' | 'created_at'>>(
    database,
    'add-api-key',
    'insert into repository.api_key (name, salt, key_hash, created_at) values (?, ?, ?, now()) returning id, created_at',
    [name, salt, saltedHash(salt, key)]
  );
  if (row === undefined) throw new RepositoryError('repository/internal', 'the insertion answered no row');
  return { id: row.id, name, createdAt: row.created_at };
}

/** Operators' and launchers' statements: seldom, and on any pool. */
async function ask<Answer>(
  database: Knex,
  name: string,
  statement: string,
  values: readonly (string | Buffer)[]
): Promise<Answer[]> {
  const answer = await database
    .raw<{ rows: Answer[] }>(statement, [...values])
    .options({ name: `repository-${name}` });
  return answer.rows;
}

function currentRows(database: Knex): Promise<Row[]> {
  return ask<Row>(
    database,
    'current-api-keys',
    'select id, name, created_at, salt, key_hash from repository.api_key where revoked_at is null order by created_at, id',
    []
  );
}

function saltedHash(salt: Buffer, key: string): Buffer {
  return createHash('sha256').update(salt).update(key, 'utf8').digest();
}

function matches(row: Row, key: string): boolean {
  return timingSafeEqual(saltedHash(row.salt, key), row.key_hash);
}

/**
 * DESIGN: 1 s from revocation to refusal in other processes; at once in the one that revokes. One small query a
 * process in that time.
 */
const keyCacheMs = 1_000;

/** Says whose key a text is. Holds the keys' hashes for `keyCacheMs`, the texts never. */
export class ApiKeyRing {
  readonly #database: Knex;
  readonly #clock: Clock;
  #keys: readonly Row[] = [];
  #readAt: number | undefined;
  #reading: Promise<void> | undefined;
  /** Counts what made the list old before its time. */
  #changes = 0;
  /** Unsalted hash of a text that matched, to its key: so that each key is searched for once a reading. */
  #matched = new Map<string, string>();

  constructor(database: Knex, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** The id of the key, or undefined. Throws when the keys cannot be read: nobody is let in on an old list. */
  async identify(key: string): Promise<string | undefined> {
    if (key.length === 0 || key.length > maxKeyLength) return undefined;
    const age = this.#readAt === undefined ? Infinity : this.#clock.now().getTime() - this.#readAt;
    // A clock that was set back must not make the list last for ever.
    if (age > keyCacheMs || age < 0) await (this.#reading ??= this.#read());
    const digest = hash('sha256', key, 'base64');
    const known = this.#matched.get(digest);
    if (known !== undefined) return known;
    const found = this.#keys.find(row => matches(row, key));
    if (found !== undefined) this.#matched.set(digest, found.id);
    return found?.id;
  }

  /** The keys have changed: the next caller waits for a new list. */
  forget(): void {
    this.#changes += 1;
    this.#readAt = undefined;
  }

  async #read(): Promise<void> {
    try {
      for (let changes = -1; changes !== this.#changes;) {
        changes = this.#changes;
        const at = this.#clock.now().getTime();
        this.#keys = await currentRows(this.#database);
        this.#matched = new Map();
        this.#readAt = at;
      }
    } finally {
      this.#reading = undefined;
    }
  }
}
