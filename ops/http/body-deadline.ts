import type { IncomingMessage, RequestListener } from 'node:http';

/**
 * Puts a deadline on the body of each request, by what it is for: a listener that takes uploads waits long for any
 * request, and a slow client could hold its connection open by a small one. Late ones are answered 408 and cut.
 */
export function withBodyDeadline(
  listener: RequestListener,
  deadlineMs: (request: IncomingMessage) => number
): RequestListener {
  return (request, response) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
    if (length !== '0' || coding !== undefined) {
      const timer = setTimeout(() => {
        if (!response.headersSent) response.writeHead(408, { connection: 'close' });
        response.end(() => request.destroy());
      }, deadlineMs(request));
      const arrived = (): void => clearTimeout(timer);
      request.once('end', arrived);
      request.once('close', arrived);
    }
    listener(request, response);
  };
}
