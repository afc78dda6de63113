import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Who signs; itself unless given. */
  readonly issuer?: Certificate;
  readonly isAuthority?: boolean;
  /** Of an authority; two in one chain must not have the same. */
  readonly commonName?: string;
  readonly keyType?: 'ec' | 'rsa';
  /** Certifies the keys of another certificate, as cross-signing does. */
  readonly keysOf?: Certificate;
}

const DAY_MS = 86_400_000;

/** A certificate for `localhost` and `127.0.0.1`, unless told otherwise. Elliptic curves, because RSA keys take long. */
export async function certificate(options: CertificateOptions = {}): Promise<Certificate> {
  const {
    names = ['localhost'],
    addresses = ['127.0.0.1'],
    issuer,
    isAuthority = false,
    commonName = 'Test authority',
    keyType = 'ec',
    keysOf,
  } = options;
  const made = await generate([{ name: 'commonName', value: isAuthority ? commonName : (names[0] ?? 'nobody') }], {
    keyType,
    algorithm: 'sha256',
    notBeforeDate: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfterDate: options.notAfter ?? new Date(Date.now() + 90 * DAY_MS),
    ...(issuer === undefined ? {} : { ca: issuer }),
    ...(keysOf === undefined
      ? {}
      : {
          keyPair: {
            privateKey: keysOf.key,
            publicKey: new X509Certificate(keysOf.cert).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
          },
        }),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      isAuthority
        ? { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true }
        : { name: 'keyUsage', digitalSignature: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

export function authority(): Promise<Certificate> {
  return certificate({ isAuthority: true, names: ['authority.test'], addresses: [] });
}

/** A file that holds this text, for configuration that names files. */
export function fileOf(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'kop-test-')), name);
  writeFileSync(path, text);
  return path;
}
