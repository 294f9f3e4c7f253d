/**
 * The limit: the PKCS#11 module driven bare and OpenSSL's verification under a key imported before, nothing else.
 * The calls are those that cost least (one session, the key's handle kept, CKM_ECDSA over a digest made here).
 */
import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pkcs11 from 'pkcs11js';
import type { Round } from '../rounds.js';
import type { Job } from './jobs.js';

/** A P-256 key on a token. */
export interface TokenKey {
  readonly module: string;
  readonly tokenLabel: string;
  readonly pinFile: string;
  readonly keyLabel: string;
}

export interface CryptoTask {
  readonly what: 'sign' | 'verify' | 'certificate';
  readonly ms: number;
  /** Whether each call is timed. */
  readonly timed?: boolean;
}

/** About a certificate's to-be-signed octets, and a request's. */
const dataOctets = 330;

export async function openCrypto(key: TokenKey): Promise<Job<CryptoTask, Round>> {
  const token = await openToken(key);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const data = randomBytes(dataOctets);
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const verifying = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;

  const verifyOnce = (): void => {
    if (!verify('sha256', data, verifying, signature)) throw new Error('a good signature was refused');
  };
  const certificate = (): void => {
    verifyOnce();
    token.sign(data);
  };
  const work = { sign: () => token.sign(data), verify: verifyOnce, certificate } as const;

  return {
    run: ({ what, ms, timed = false }) => Promise.resolve(repeat(work[what], ms, timed)),
    close: () => token.close()
  };
}

/** Calls it for so long, in one go. */
export function repeat(work: () => unknown, ms: number, timed: boolean): Round {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  let items = 0;
  let now = began;
  while (now - began < ms) {
    if (timed) {
      const before = now;
      work();
      now = performance.now();
      times.push(now - before);
      items += 1;
    } else {
      // The clock is asked every sixteenth time: it costs a part of a microsecond itself.
      for (let i = 0; i < 16; i++) work();
      items += 16;
      now = performance.now();
    }
  }
  const { user, system } = process.cpuUsage(cpu);
  return { items, elapsedMs: now - began, cpuMicros: user + system, ...(timed ? { latencies: times } : {}) };
}

interface Token {
  sign(data: Uint8Array): Buffer;
  close(): void;
}

/** SoftHSM shows no token while a neighbour logs in to it: tried again for a while. */
async function openToken(key: TokenKey): Promise<Token> {
  for (let tries = 0; ; tries++) {
    const library = new pkcs11.PKCS11();
    library.load(key.module);
    try {
      library.C_Initialize();
      return logIn(library, key);
    } catch (error) {
      try {
        library.C_Finalize();
      } catch {
        // It was never initialised.
      }
      library.close();
      if (tries >= 20) throw error;
      await sleep(50 + Math.random() * 100);
    }
  }
}

function logIn(library: pkcs11.PKCS11, { tokenLabel, pinFile, keyLabel }: TokenKey): Token {
  const slot = library
    .C_GetSlotList(true)
    // Padded to 32 octets, with blanks or, where this binding made the token, with zeros.
    .find(candidate => /^[\x21-\x7e]*/.exec(library.C_GetTokenInfo(candidate).label)?.[0] === tokenLabel);
  if (slot === undefined) throw new Error(`there is no token ${tokenLabel}`);
  const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION);
  library.C_Login(session, pkcs11.CKU_USER, readFileSync(pinFile, 'utf8').trim());
  library.C_FindObjectsInit(session, [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_PRIVATE_KEY },
    { type: pkcs11.CKA_LABEL, value: keyLabel }
  ]);
  const [handle] = library.C_FindObjects(session, 1);
  library.C_FindObjectsFinal(session);
  if (handle === undefined) throw new Error(`there is no key ${keyLabel}`);
  const mechanism = { mechanism: pkcs11.CKM_ECDSA };
  const room = Buffer.alloc(64);
  return {
    sign(data) {
      library.C_SignInit(session, mechanism, handle);
      return library.C_Sign(session, createHash('sha256').update(data).digest(), room);
    },
    close() {
      library.C_Finalize();
      library.close();
    }
  };
}
