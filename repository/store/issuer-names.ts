import { rows, type Connection } from './prepared.js';

interface Row {
  id: number;
  name: Buffer;
}

/**
 * DESIGN: 1,024 names, where a hierarchy has some tens of issuers; beyond it the oldest is asked for again. Nobody
 * outside has a name entered: only those of verified issuers are.
 */
const maxKnown = 1_024;

/** The numbers that stand for issuers' names in the tables. A name keeps its number for ever. */
export class IssuerNames {
  readonly #connection: Connection;
  readonly #known = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The number of a name (DER), entered where it is not there yet. */
  async idOf(name: Uint8Array): Promise<number> {
    const key = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
    return this.#known.get(key) ?? this.#enter(key, name);
  }

  async #enter(key: string, name: Uint8Array): Promise<number> {
    // In a transaction of its own: what is remembered must not be rolled back.
    await rows(
      this.#connection,
      'enter-issuer',
      'insert into repository.issuer (name) values ($1) on conflict do nothing',
      [name]
    );
    const [row] = await rows<Row>(
      this.#connection,
      'find-issuer',
      'select id from repository.issuer where name = $1',
      [name]
    );
    if (row === undefined) throw new Error('an entered issuer is not there');
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, row.id);
    return row.id;
  }
}
