/** One system of one process each, shared by the suites that leave it serving as they found it. */
import { startTestSystem, type TestSystem } from '../kit/system.js';

let shared: Promise<TestSystem> | undefined;

export function sharedSystem(): Promise<TestSystem> {
  shared ??= startTestSystem();
  return shared;
}

// Imported at the top of a test file, outside any suite: a hook of the whole run.
after('stop the shared system', async function () {
  this.timeout(60_000);
  const test = await shared?.catch(() => undefined);
  await test?.stop();
});
