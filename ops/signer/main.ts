/** Entry of the signer process. It has no arguments: everything comes over the descriptor its parent opened. */
import { Socket } from 'node:net';
import { signerDescriptor } from '../../hsm/frame.js';
import { runSignerProcess } from '../../hsm/pkcs11/process.js';

// A signal to the whole group (a terminal's interrupt, a service stop) is for the parent, which drains first: this
// process ends with its descriptor.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

runSignerProcess(new Socket({ fd: signerDescriptor, readable: true, writable: true }));
