/**
 * Folders of test/ whose suites store something: they run twice, once on the embedded PostgreSQL and once on the
 * PostgreSQL 15 of the system's packages.
 */
export const databaseSuites: readonly string[] = [
  'test/ca',
  'test/ra',
  'test/repository',
  'test/ops/audit',
  'test/ops/database',
  'test/integration'
];
