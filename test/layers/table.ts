/**
 * Who may import whom: the architecture as data. A file belongs to the layer with the longest folder that its
 * path begins with. Whatever a layer does not list, it may not import.
 */
export interface Layer {
  /** Folder or file of ours, relative to the checkout. */
  readonly folder: string;
  /** Folders or files whose values it may import. Its own folder is always among them. */
  readonly values: readonly string[];
  /** What it may import with `import type` besides: gone when the program runs. */
  readonly types: readonly string[];
  /** npm packages whose values it may import. */
  readonly packages: readonly string[];
  /** npm packages of which it may import types besides. */
  readonly packageTypes: readonly string[];
  /** `pure`: nothing of Node.js that reads or writes outside the process. */
  readonly node: 'any' | 'pure';
}

/** Modules of Node.js by which something leaves or enters the process. */
export const inputOutputModules: readonly string[] = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'http',
  'http2',
  'https',
  'inspector',
  'net',
  'os',
  'process',
  'readline',
  'repl',
  'tls',
  'worker_threads'
];

const pure = { types: [], packageTypes: [], node: 'pure' } as const;

/** Types of the values that a component is handed in its `deps`. */
const handedIn = {
  types: ['ops/kit'],
  packageTypes: ['knex', 'pino'],
  node: 'any'
} as const;

export const layers: readonly Layer[] = [
  // What a certificate is. pkijs and asn1js are the tests' second opinion and stand in no layer.
  { folder: 'pki', values: ['pki'], packages: [], ...pure },
  { folder: 'pki/xml', values: ['pki'], packages: ['saxes'], ...pure },

  // Keys. The PKCS#11 module is loaded by the signer process alone.
  { folder: 'hsm', values: ['hsm'], types: [], packages: [], packageTypes: [], node: 'any' },
  {
    folder: 'hsm/pkcs11',
    values: ['hsm'],
    types: [],
    packages: ['graphene-pk11', 'pkcs11js'],
    packageTypes: [],
    node: 'any'
  },
  {
    folder: 'hsm/software',
    values: ['hsm'],
    types: [],
    packages: ['@peculiar/webcrypto'],
    packageTypes: [],
    node: 'any'
  },

  // The components: never each other.
  {
    folder: 'ca',
    values: ['pki', 'hsm/index.ts'],
    packages: ['prom-client'],
    ...handedIn
  },
  {
    folder: 'ra',
    values: ['pki'],
    packages: ['zod', 'prom-client', '@asteasolutions/zod-to-openapi'],
    ...handedIn
  },
  {
    folder: 'repository',
    values: ['pki'],
    packages: ['zod', 'prom-client'],
    ...handedIn
  },
  { folder: 'sec', values: ['pki'], packages: ['zod'], ...handedIn },

  // How it runs.
  {
    folder: 'ops',
    values: ['pki', 'hsm/index.ts', 'ca', 'ra', 'repository', 'sec', 'ops'],
    types: [],
    packages: ['canonicalize', 'commander', 'knex', 'pg', 'pino', 'prom-client', 'zod'],
    packageTypes: [],
    node: 'any'
  },
  {
    // Measures the PKCS#11 module bare, as the limit that the signer is held against.
    folder: 'ops/bench',
    values: ['pki', 'hsm/index.ts', 'ca', 'ra', 'repository', 'sec', 'ops'],
    types: [],
    packages: ['knex', 'pg', 'pino', 'pkcs11js', 'prom-client'],
    packageTypes: [],
    node: 'any'
  },
  {
    folder: 'ops/signer',
    values: ['hsm', 'ops'],
    types: [],
    packages: ['zod'],
    packageTypes: [],
    node: 'any'
  }
];

/** A folder that only the named folders (and itself) may reach, however many imports lie between. */
export interface Reach {
  readonly target: string;
  readonly from: readonly string[];
}

export const reachable: readonly Reach[] = [
  { target: 'hsm/pkcs11', from: ['ops/signer'] },
  { target: 'hsm/software', from: [] },
  { target: 'hsm', from: ['ca', 'ops'] },
  { target: 'ca', from: ['ops'] },
  { target: 'ra', from: ['ops'] },
  { target: 'repository', from: ['ops'] },
  { target: 'sec', from: ['ops'] },
  { target: 'ops', from: [] }
];

/** Folders whose whole closure is free of npm packages. */
export const withoutPackages: readonly string[] = ['pki/verify'];

/** The folders that may read the environment. */
export const mayReadEnvironment: readonly string[] = ['ops', 'test'];
