import type { IncomingMessage, ServerResponse } from 'node:http';

/** Octets that are served as a file, with what caches go by. */
export interface Download {
  readonly mediaType: string;
  /** SHA-256 of the octets: the strong ETag. */
  readonly sha256: Uint8Array;
  readonly lastModified: Date;
  readonly cacheControl: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fetches the octets; not called where a client has them or asks for the head alone. */
  readonly read: () => Promise<Uint8Array>;
  /** Known beforehand, so that HEAD can say it without reading. */
  readonly octets?: number;
}

/**
 * Answers GET and HEAD with ETag and Last-Modified, and 304 where the client has the octets already (RFC 9110
 * section 13: If-None-Match before If-Modified-Since). Answers the HTTP status.
 */
export async function sendDownload(
  request: IncomingMessage,
  response: ServerResponse,
  download: Download
): Promise<number> {
  const etag = `"${Buffer.from(download.sha256).toString('hex')}"`;
  // Spreads come last: V8 adds what follows one property by one, and slowly.
  const headers = {
    etag,
    'last-modified': download.lastModified.toUTCString(),
    'cache-control': download.cacheControl,
    'x-content-type-options': 'nosniff',
    ...download.headers
  };
  if (isCurrent(request, etag, download.lastModified)) {
    response.writeHead(304, headers).end();
    return 304;
  }
  const head = request.method === 'HEAD';
  const body = head && download.octets !== undefined ? undefined : await download.read();
  response.writeHead(200, {
    'content-type': download.mediaType,
    'content-length': download.octets ?? body?.length ?? 0,
    ...headers
  });
  response.end(head ? undefined : body);
  return 200;
}

function isCurrent(request: IncomingMessage, etag: string, lastModified: Date): boolean {
  const noneMatch = request.headers['if-none-match'];
  if (noneMatch !== undefined) {
    // Weak comparison: a cache that compressed the octets marks the tag as weak.
    const tags = noneMatch.split(',').map(tag => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(etag);
  }
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  // HTTP dates have seconds; NaN compares false.
  return Math.floor(lastModified.getTime() / 1_000) * 1_000 <= since;
}
