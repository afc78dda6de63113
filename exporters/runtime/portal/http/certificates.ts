import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, rootCertificates, type TLSSocket } from 'node:tls';
import { StepFailure } from '../step-failure.js';
import { codeOf, socketFailure } from './failure.js';
import { certificatesIn, type Trust, tlsFiles } from './tls-files.js';

/** The certificates that the server sent in the handshake. Times in seconds since 1970. */
export interface Certificates {
  /** Earliest expiry in the verified chain; until then clients can connect. */
  readonly expirySeconds: number | undefined;
  /** Earliest expiry of the other certificates that were sent. Clients do not need them. */
  readonly otherExpirySeconds: number | undefined;
}

/**
 * No server needs more. Each certificate costs a verification for each other one that might have signed it, and a
 * server may send hundreds of them.
 */
const MOST_SENT = 20;

const judged = new WeakMap<Trust, { readonly key: string; readonly certificates: Certificates }>();

/** Checked once for each chain that a server sends, because it is the same for every connection. */
export function certificatesOf(secure: TLSSocket, trust: Trust): () => Certificates {
  // The socket may already be closed when this is called.
  const sent = sentBy(secure.getPeerCertificate(true));
  return () => judgedOnce(sent, trust);
}

function judgedOnce(sent: readonly DetailedPeerCertificate[], trust: Trust): Certificates {
  const key = sent.map(({ fingerprint256 }) => fingerprint256).join();
  const before = judged.get(trust);
  if (before?.key === key) return before.certificates;
  const certificates = judge(
    sent.map(({ raw }) => new X509Certificate(raw)),
    trust,
  );
  judged.set(trust, { key, certificates });
  return certificates;
}

function sentBy(leaf: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const sent: DetailedPeerCertificate[] = [];
  // A root is its own issuer. If the chain is incomplete there is none, and without a certificate there is an empty
  // object, contrary to its type.
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && !sent.includes(next) && sent.length < MOST_SENT) {
    sent.push(next);
    next = next.issuerCertificate;
  }
  return sent;
}

function judge(sent: readonly X509Certificate[], trust: Trust): Certificates {
  const [leaf] = sent;
  if (leaf === undefined) return { expirySeconds: undefined, otherExpirySeconds: undefined };
  const chain = trust.insecureSkipVerify ? undefined : bestChain(leaf, sent, trust);
  if (chain === undefined) return { expirySeconds: firstExpiry(sent), otherExpirySeconds: undefined };
  const needed = new Set(chain.map(({ fingerprint256 }) => fingerprint256));
  const others = sent.filter(({ fingerprint256 }) => !needed.has(fingerprint256));
  return { expirySeconds: firstExpiry(chain), otherExpirySeconds: firstExpiry(others) };
}

interface Link {
  readonly certificate: X509Certificate;
  /** Undefined at the leaf. */
  readonly below: Link | undefined;
  /** Earliest expiry from the leaf up to this one. */
  readonly expirySeconds: number;
}

/**
 * Of all chains from the leaf to a trusted authority, the one that is valid for longest. A server may send an old
 * cross-signed certificate in addition to a valid one; clients use the valid chain.
 *
 * The chain that is valid for longest so far is extended first (Dijkstra), and no certificate is visited twice:
 * certificates that sign one another can form more chains than can be tried.
 */
function bestChain(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  trust: Trust,
): readonly X509Certificate[] | undefined {
  const anchors = anchorsOf(trust);
  const trusted = new Set(anchors.map(fingerprintOf));
  const seen = new Set<string>();
  const open: Link[] = [link(leaf, undefined)];
  for (let next = takeLongest(open); next !== undefined; next = takeLongest(open)) {
    const { certificate } = next;
    if (seen.has(fingerprintOf(certificate))) continue;
    seen.add(fingerprintOf(certificate));
    if (isSigned(certificate, certificate)) {
      if (trusted.has(fingerprintOf(certificate))) return chainTo(next);
      continue;
    }
    const named = certificate.issuer;
    for (const issuer of [...sent, ...anchors]) {
      if (subjectOf(issuer) !== named || seen.has(fingerprintOf(issuer))) continue;
      if (isSigned(certificate, issuer)) open.push(link(issuer, next));
    }
  }
  return undefined;
}

function link(certificate: X509Certificate, below: Link | undefined): Link {
  const own = firstExpiry([certificate]) ?? 0;
  return { certificate, below, expirySeconds: Math.min(own, below?.expirySeconds ?? own) };
}

function takeLongest(open: Link[]): Link | undefined {
  let longest = 0;
  for (const [index, { expirySeconds }] of open.entries()) {
    if (expirySeconds > (open[longest]?.expirySeconds ?? 0)) longest = index;
  }
  return open.splice(longest, 1)[0];
}

function chainTo(last: Link): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let next: Link | undefined = last; next !== undefined; next = next.below) chain.unshift(next.certificate);
  return chain;
}

function isSigned(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

/** Cached, because Node.js creates these texts on each access, and there are a hundred and fifty roots. */
const subjects = new WeakMap<X509Certificate, string>();
const fingerprints = new WeakMap<X509Certificate, string>();

function subjectOf(certificate: X509Certificate): string {
  return remembered(subjects, certificate, () => certificate.subject);
}

function fingerprintOf(certificate: X509Certificate): string {
  return remembered(fingerprints, certificate, () => certificate.fingerprint256);
}

function remembered(known: WeakMap<X509Certificate, string>, certificate: X509Certificate, read: () => string): string {
  let text = known.get(certificate);
  if (text === undefined) {
    text = read();
    known.set(certificate, text);
  }
  return text;
}

let systemRoots: readonly X509Certificate[] | undefined;

function anchorsOf(trust: Trust): readonly X509Certificate[] {
  const { authorities } = tlsFiles(trust);
  if (trust.caFile !== undefined && !trust.keepsSystemRoots) return authorities;
  systemRoots ??= certificatesIn(rootCertificates.join('\n'));
  return [...authorities, ...systemRoots];
}

function firstExpiry(certificates: readonly X509Certificate[]): number | undefined {
  const times = certificates.map(({ validTo }) => Date.parse(validTo)).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.min(...times) / 1000;
}

const withoutIssuer = new Set(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY']);

/** Maximum length of a name from a certificate in a log line. */
const LONGEST_NAME = 200;

/**
 * Why the portal's certificate is not valid for it, or undefined. In a resumed session neither chain nor name is
 * verified. The exporter resumes none; if that ever changes, this refuses the connection.
 */
export function verificationFailure(secure: TLSSocket, host: string, trust: Trust): StepFailure | undefined {
  if (secure.isSessionReused()) return new StepFailure('tls', `${host}: a resumed session, which nobody has verified`);
  if (secure.authorized) return undefined;
  const cause = withCode(secure.authorizationError);
  const code = codeOf(cause);
  const last = sentBy(secure.getPeerCertificate(true)).at(-1);
  if (!withoutIssuer.has(code) || last === undefined) return socketFailure('tls', host, cause);
  const issuer = new X509Certificate(last.raw);
  // Operators who configure authorities know them, and public certificates contain the address of their issuer's.
  const isIncomplete = trust.caFile !== undefined || /CA Issuers/.test(issuer.infoAccess ?? '');
  const name = issuer.issuer.replaceAll('\n', ', ').slice(0, LONGEST_NAME);
  const message = isIncomplete
    ? `incomplete chain (${code}): the certificate of its issuer (${name}) was not sent; the portal has to send its intermediate certificates, or tls.caFile has to name that authority`
    : `unknown certificate authority (${code}): ${name}; name it in tls.caFile, or let the portal send the intermediate certificates that lead to a known one`;
  return new StepFailure('tls', `${host}: ${message}`, { cause });
}

/** At run time it is the code, contrary to its type. */
function withCode(error: unknown): Error {
  return error instanceof Error ? error : Object.assign(new Error(String(error)), { code: String(error) });
}
