import { connect } from 'node:net';

/** A kept HTTP/1.1 connection, one request at a time. */
export interface KeptConnection {
  /** Sends a request of ASCII text, head and body; resolves with the body of its answer when that is 200. */
  send(request: string): Promise<Buffer>;
  /** Nothing can be sent any more; a listener ends what is idle for long. */
  readonly closed: boolean;
  close(): void;
}

interface Waiting {
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens one without the machinery of a general client, which takes as much of a shared core as the listener that is
 * measured: what is left is a write, a read and a look at the answer's head. Every answer states its length.
 */
export function keptConnection(base: string): KeptConnection {
  const { hostname, port } = new URL(base);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let waiting: Waiting | undefined;
  let came: Buffer = Buffer.alloc(0);

  const settle = (act: (one: Waiting) => void): void => {
    const one = waiting;
    waiting = undefined;
    if (one !== undefined) act(one);
  };
  const broken = (message: string, cause?: unknown): void => {
    socket.destroy();
    settle(({ reject }) => reject(new Error(message, { cause })));
  };

  socket.on('data', (part: Buffer) => {
    came = came.length === 0 ? part : Buffer.concat([came, part]);
    const end = came.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = came.toString('latin1', 0, end);
    const length = /\r\ncontent-length: ?([0-9]+)/i.exec(head)?.[1];
    if (length === undefined) return broken(`an answer without a length: ${head}`);
    const after = end + 4 + Number(length);
    if (came.length < after) return;
    const body = came.subarray(end + 4, after);
    if (came.length > after) return broken('more than was asked for');
    came = came.subarray(after);
    if (head.startsWith('HTTP/1.1 200 ')) settle(({ resolve }) => resolve(body));
    else broken(`answered: ${head.split('\r\n', 1)[0]} ${body.toString('latin1', 0, 200)}`);
  });
  socket.on('error', cause => broken('the connection broke', cause));
  socket.on('close', () => broken('the connection was closed'));

  return {
    send: request =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is closed'));
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    get closed() {
      return socket.destroyed;
    },
    close: () => socket.destroy()
  };
}
