/** The `code` of what a call throws; the call must throw. */
export function codeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return codeIn(error);
  }
  throw new Error('nothing was thrown');
}

/** The `code` of what a promise rejects with; it must reject. */
export async function codeOfAsync(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return codeIn(error);
  }
  throw new Error('nothing was rejected');
}

function codeIn(error: unknown): unknown {
  if (typeof error === 'object' && error !== null && 'code' in error) return error.code;
  throw error;
}
