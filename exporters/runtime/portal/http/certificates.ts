import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, rootCertificates, type TLSSocket } from 'node:tls';
import { StepFailure } from '../step-failure.js';
import { codeOf, socketFailure } from './failure.js';
import { certificatesIn, type Trust, tlsFiles } from './tls-files.js';

/** What the server showed in the handshake. Times in seconds since 1970. */
export interface Certificates {
  /** When the first certificate expires of the chain that is verified; until then clients get in. */
  readonly expirySeconds: number | undefined;
  /** When the first expires of those that were sent beside it. Clients get in without them. */
  readonly otherExpirySeconds: number | undefined;
}

/** No chain is longer, and a loop of certificates that sign one another has no end. */
const LONGEST_CHAIN = 10;

const judged = new WeakMap<Trust, { readonly key: string; readonly certificates: Certificates }>();

/** Judged once for each chain that a server shows, because it is the same from connection to connection. */
export function certificatesOf(secure: TLSSocket, trust: Trust): () => Certificates {
  // The socket may be gone by the time that somebody asks.
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
  // A root is its own issuer. Where the chain is cut short there is none, and without a certificate there is an empty
  // object, whatever the type says.
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && !sent.includes(next)) {
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

/**
 * Of all chains from the leaf to an authority that is trusted, the one that holds longest. A server may send an old
 * cross-signed certificate beside a good one; whoever verifies takes the chain that holds.
 */
function bestChain(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  trust: Trust,
): readonly X509Certificate[] | undefined {
  const anchors = anchorsOf(trust);
  let best: readonly X509Certificate[] | undefined;
  const follow = (chain: readonly X509Certificate[]) => {
    const last = chain.at(-1);
    if (last === undefined) return;
    if (isSigned(last, last)) {
      const isTrusted = anchors.some((anchor) => anchor.fingerprint256 === last.fingerprint256);
      if (isTrusted && (firstExpiry(chain) ?? 0) > (best === undefined ? -1 : (firstExpiry(best) ?? 0))) best = chain;
      return;
    }
    if (chain.length === LONGEST_CHAIN) return;
    const named = last.issuer;
    for (const issuer of [...sent, ...anchors]) {
      if (subjectOf(issuer) !== named || chain.some((one) => one.fingerprint256 === issuer.fingerprint256)) continue;
      if (isSigned(last, issuer)) follow([...chain, issuer]);
    }
  };
  follow([leaf]);
  return best;
}

function isSigned(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

const subjects = new WeakMap<X509Certificate, string>();

/** Node.js writes the text anew each time that it is asked, and there are a hundred and fifty roots. */
function subjectOf(certificate: X509Certificate): string {
  let subject = subjects.get(certificate);
  if (subject === undefined) {
    subject = certificate.subject;
    subjects.set(certificate, subject);
  }
  return subject;
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

/** Why the portal is not who it should be, or undefined. */
export function verificationFailure(secure: TLSSocket, host: string, trust: Trust): StepFailure | undefined {
  if (secure.authorized) return undefined;
  const cause = withCode(secure.authorizationError);
  const code = codeOf(cause);
  const last = sentBy(secure.getPeerCertificate(true)).at(-1);
  if (!withoutIssuer.has(code) || last === undefined) return socketFailure('tls', host, cause);
  const issuer = new X509Certificate(last.raw);
  // Who names the authorities knows them, and public ones say in each certificate where that of its issuer is found.
  const isIncomplete = trust.caFile !== undefined || /CA Issuers/.test(issuer.infoAccess ?? '');
  const name = issuer.issuer.replaceAll('\n', ', ');
  const message = isIncomplete
    ? `incomplete chain (${code}): the certificate of its issuer (${name}) was not sent; the portal has to send its intermediate certificates, or tls.caFile has to name that authority`
    : `unknown certificate authority (${code}): ${name}; name it in tls.caFile, or let the portal send the intermediate certificates that lead to a known one`;
  return new StepFailure('tls', `${host}: ${message}`, { cause });
}

/** At run time it is the code, whatever its type says. */
function withCode(error: unknown): Error {
  return error instanceof Error ? error : Object.assign(new Error(String(error)), { code: String(error) });
}
