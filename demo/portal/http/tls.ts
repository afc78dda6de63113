import type { Server } from 'node:https';
import type { Undo } from '../faults/environment/environment.js';

export interface KeyPair {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

const DAY_MS = 86_400_000;

/** A self-signed certificate for loopback, made when it is needed. */
export async function selfSigned(days: number): Promise<KeyPair> {
  // Loaded on demand: a demo without TLS does not need the package.
  const { generate } = await import('selfsigned');
  const now = Date.now();
  const notAfterDate = new Date(now + days * DAY_MS);
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // An expired certificate must have been valid once, or clients report something else than "expired".
    notBeforeDate: new Date(Math.min(now, notAfterDate.getTime()) - DAY_MS),
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

/** Swaps the certificate under a running server; connections that are open keep the one they have seen. */
export class CertificateSwitch {
  readonly #server: Server;
  readonly #own: KeyPair;

  constructor(server: Server, own: KeyPair) {
    this.#server = server;
    this.#own = own;
  }

  async useValidFor(days: number): Promise<Undo> {
    this.#use(await selfSigned(days));
    return async () => this.#use(this.#own);
  }

  #use(pair: KeyPair): void {
    this.#server.setSecureContext(pair);
    this.#server.closeIdleConnections();
  }
}
