import { X509Certificate } from 'node:crypto';
import type { ServerTls } from './server-tls.js';

/** bcryptjs takes about 60 ms for cost 10 on a common machine, and twice as long for each step more. */
const SECONDS_AT_COST_10 = 0.06;
/** If the password check takes longer, a scrape has no time left. Prometheus times out after ten seconds by default. */
const LONGEST_COMPARISON_SECONDS = 2;

/** Settings that are allowed but probably mistakes. */
export function tlsRemarks({ context, clientAuth }: ServerTls, now: Date): string[] {
  const remarks: string[] = [];
  const certificate = certificateIn(context.cert);
  if (certificate !== undefined && new Date(certificate.validTo) < now) {
    remarks.push(`the server's certificate expired on ${certificate.validTo}: clients that check it do not connect`);
  } else if (certificate !== undefined && new Date(certificate.validFrom) > now) {
    remarks.push(`the server's certificate is valid from ${certificate.validFrom} only`);
  }
  if (clientAuth === 'RequireAnyClientCert' || clientAuth === 'RequestClientCert') {
    remarks.push(
      `client_auth_type ${clientAuth} checks no certificate: anybody can make one that is taken; RequireAndVerifyClientCert checks`,
    );
  } else if (clientAuth !== 'NoClientCert' && context.ca === undefined) {
    remarks.push(
      `client_auth_type ${clientAuth} without client_ca_file trusts the public authorities: anyone with a certificate of one of them is accepted`,
    );
  }
  return remarks;
}

/** A cost that is too high to be useful, and that keeps this process busy when an attacker guesses passwords. */
export function userRemarks(users: Readonly<Record<string, string>>): string[] {
  return Object.entries(users).flatMap(([user, hash]) => {
    const cost = Number(hash.split('$')[2]);
    const seconds = SECONDS_AT_COST_10 * 2 ** (cost - 10);
    if (seconds <= LONGEST_COMPARISON_SECONDS) return [];
    return [
      `the bcrypt cost ${cost} of user '${user}' takes about ${Math.round(seconds)} s for each new password, longer than a scrape waits; htpasswd -nBC 10 makes one of cost 10`,
    ];
  });
}

/** The first certificate of a chain is the server's own. */
function certificateIn(pem: ServerTls['context']['cert']): X509Certificate | undefined {
  if (typeof pem !== 'string' && !Buffer.isBuffer(pem)) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
