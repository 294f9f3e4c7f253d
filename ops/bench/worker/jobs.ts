/** What a worker process of the benchmarks can be told to do. Each job is loaded in the process that does it. */
export const jobs = {
  crypto: async () => (await import('./crypto.js')).openCrypto,
  requests: async () => (await import('./requests.js')).openRequests,
  checks: async () => (await import('./checks.js')).openChecks,
  core: async () => (await import('./core.js')).openCore,
  adhoc: async () => (await import('./adhoc.js')).openAdHoc,
  lookup: async () => (await import('./lookup.js')).openLookup,
  unaudited: async () => (await import('./unaudited.js')).openUnaudited
} as const;

export type JobName = keyof typeof jobs;

/** A job that was opened: it may be run any number of times, once at a time. */
export interface Job<Task, Result> {
  run(task: Task): Promise<Result>;
  close(): Promise<void> | void;
}

type Opener<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>;
export type OptionsOf<Name extends JobName> = Parameters<Opener<Name>>[0];
type Opened<Name extends JobName> = Awaited<ReturnType<Opener<Name>>>;
export type TaskOf<Name extends JobName> = Parameters<Opened<Name>['run']>[0];
export type ResultOf<Name extends JobName> = Awaited<ReturnType<Opened<Name>['run']>>;

/** From the parent to a worker. */
export type Order =
  | { readonly open: JobName; readonly options: unknown }
  | { readonly task: unknown }
  | { readonly close: true };

/** And back, one for each. */
export type Answer = { readonly result: unknown } | { readonly failed: string };
