import { createPrivateKey, X509Certificate } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Tls } from '../../../../pack/index.js';
import { readBounded } from '../../../../pack/reading/bounded-file.js';
import { SecretUnavailable } from '../../../../pack/secrets/secret.js';
import { OurFault } from '../step-failure.js';

/** How TLS authenticates the server, and the exporter as a client. */
export interface Trust extends Tls {
  /** Whether `caFile` is added to the authorities of Node.js instead of replacing them. */
  readonly keepsSystemRoots: boolean;
}

/** The content of the files of a {@link Trust} when they last matched. */
export interface TlsFiles {
  readonly context: SecureContext;
  /** The authorities of `caFile`, without those of Node.js. */
  readonly authorities: readonly X509Certificate[];
}

interface Kept {
  readonly files: TlsFiles;
  readonly readAt: number;
  /** Why the current content of the files is not in use. */
  readonly problem: string | undefined;
}

const REREAD_AFTER_MS = 60_000;
/** Five times the size of a bundle with all authorities of a browser. */
const MAX_BYTES = 1024 * 1024;
/** A certificate and its key are replaced one after the other, so the files may not match for a moment. */
const RETRY_AFTER_MS = 1000;
const kept = new WeakMap<Trust, Kept>();

/**
 * Reads the files again every minute, so that a renewed client certificate is used without a reload. While they do not
 * match, the earlier ones stay in use.
 *
 * @throws {OurFault} when they have never matched.
 */
export function tlsFiles(trust: Trust): TlsFiles {
  const before = kept.get(trust);
  const now = performance.now();
  const pauseMs = before?.problem === undefined ? REREAD_AFTER_MS : RETRY_AFTER_MS;
  if (before !== undefined && now - before.readAt < pauseMs) return before.files;
  try {
    const files = read(trust);
    kept.set(trust, { files, readAt: now, problem: undefined });
    return files;
  } catch (error) {
    if (!(error instanceof OurFault) || before === undefined) throw error;
    kept.set(trust, { files: before.files, readAt: now, problem: error.message });
    return before.files;
  }
}

export function problemWith(trust: Trust): string | undefined {
  return kept.get(trust)?.problem;
}

function read(trust: Trust): TlsFiles {
  const { caFile, certFile, keyFile, keyPassphrase, minVersion } = trust;
  const ca = caFile === undefined ? undefined : file(caFile);
  const cert = certFile === undefined ? undefined : file(certFile);
  const key = keyFile === undefined ? undefined : file(keyFile);
  try {
    const passphrase = keyPassphrase?.reveal();
    if (cert !== undefined && key !== undefined) assertPair(cert, key, passphrase);
    const context = createSecureContext({
      minVersion,
      ...(ca === undefined ? {} : { ca: trust.keepsSystemRoots ? [...rootCertificates, ca] : [ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return { context, authorities: ca === undefined ? [] : certificatesIn(ca.toString('latin1')) };
  } catch (cause) {
    if (cause instanceof SecretUnavailable)
      throw new OurFault('secret', `tls.keyPassphrase: ${cause.message}`, { cause });
    throw unusable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** OpenSSL does not report a key and a certificate of different kinds: it would send no certificate at all. */
function assertPair(cert: Buffer, key: Buffer, passphrase: string | undefined): void {
  const privateKey = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  if (!new X509Certificate(cert).checkPrivateKey(privateKey)) {
    throw new Error('the key of tls.keyFile does not belong to the certificate of tls.certFile');
  }
}

function file(path: string): Buffer {
  try {
    return readBounded(path, MAX_BYTES).bytes;
  } catch (cause) {
    throw unusable(`${path} ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function unusable(why: string, cause: unknown): OurFault {
  return new OurFault('client-certificate', `the portal's tls files cannot be used: ${why}`, { cause });
}

/** All certificates of a PEM text; like OpenSSL, it skips unreadable ones. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}
