import type { IncomingMessage, ServerResponse } from 'node:http';

/** A route as data: `{name}` in the path stands for one segment. */
export interface RoutePath {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
}

/** What a handler is called with. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Decoded path parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** Stands in for the origin that a request line leaves out. */
const origin = 'http://localhost';

/** The route of a request, and its parameters; `undefined` when none has its method and path. */
export function findRoute<R extends RoutePath>(
  routes: readonly R[],
  request: IncomingMessage
): { route: R; parameters: Record<string, string>; query: URLSearchParams } | undefined {
  const url = request.url ?? '/';
  // What is no address (`//`) is the path of nothing.
  if (!URL.canParse(url, origin)) return undefined;
  const { pathname, searchParams } = new URL(url, origin);
  for (const route of routes) {
    if (route.method !== request.method) continue;
    const parameters = matchPath(route.path, pathname);
    if (parameters !== undefined) return { route, parameters, query: searchParams };
  }
  return undefined;
}

function matchPath(path: string, actual: string): Record<string, string> | undefined {
  const wanted = path.split('/');
  const given = actual.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) {
      if (segment !== value) return undefined;
      continue;
    }
    // Identifiers in paths are UUIDs; anything else is the path of nothing.
    if (!/^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(value)) return undefined;
    parameters[name] = value.toLowerCase();
  }
  return parameters;
}
