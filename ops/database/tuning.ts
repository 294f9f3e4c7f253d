/**
 * Settings of our own server for what it does here: groups of rows appended by a few connections, look-ups by key, on a
 * machine that it shares with the components. Durability is PostgreSQL's default and stays it: `fsync`,
 * `synchronous_commit` and `full_page_writes` are on.
 *
 * @param memory of the machine, in octets
 */
export function tuning(memory: number): Readonly<Record<string, string>> {
  const mebibytes = Math.floor(memory / 2 ** 20);
  return {
    // DESIGN: an eighth of the memory, half of what the manual gives a machine of its own: the working set is the upper
    // pages of the indexes. Smaller, pages of random keys go out and in again; larger, the components have less.
    shared_buffers: `${Math.min(Math.max(Math.floor(mebibytes / 8), 128), 8_192)}MB`,
    // What the system's cache holds besides: lets the planner count on an index being in memory.
    effective_cache_size: `${Math.max(Math.floor(mebibytes / 2), 256)}MB`,
    // DESIGN: after each checkpoint the first change of a page writes the whole page to the log, which multiplies the
    // log of random keys. 4 GiB are some four million certificates between two checkpoints; more is a longer recovery.
    max_wal_size: '4GB',
    min_wal_size: '512MB',
    checkpoint_timeout: '15min',
    // The few whole pages that remain are cheaper written than compressed: processors are what issuance runs out of.
    wal_compression: 'off',
    // DESIGN: a commit of a group is up to a megabyte of log, and several are under way.
    wal_buffers: '32MB',
    // DESIGN: ten a process (see `connect`), several processes of each component, and operators.
    max_connections: '200',
    // A batch makes a table of an empty one within a minute; at the default it would be planned for as empty that long.
    autovacuum_naptime: '10s',
    // Solid state: a random page costs what the next one costs.
    random_page_cost: '1.1',
    // The processors belong to issuance: no report takes them all, no plan is compiled.
    max_parallel_workers_per_gather: '0',
    jit: 'off'
  };
}
