import { closeSync, openSync } from 'node:fs';
import type { FailureReason } from '../../../../pack/portal/outcomes.js';
import { OurFault, StepFailure } from '../step-failure.js';

/** The connection was closed before any part of an answer arrived. The request may still have been processed. */
export class ConnectionLost extends StepFailure {}

/** The server reported that it did not process the request. Repeating it cannot change data twice. */
export class NotProcessed extends ConnectionLost {}

const lost = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
]);

/** Whether this error means that the server closed the connection. */
export function isLoss(error: unknown): boolean {
  return lost.has(codeOf(error));
}

/** The error of a socket as a readable text. */
export function socketFailure(reason: FailureReason, where: string, error: unknown): StepFailure {
  const code = codeOf(error);
  const message = `${where}: ${explanations[code] ?? code}`;
  // TLS 1.3 servers refuse a client certificate only after the handshake, in the middle of the first exchange.
  return new StepFailure(/^ERR_SSL_/.test(code) ? 'tls' : reason, message, { cause: error });
}

/** Resources that this machine has used up. These errors give no information about the other side. */
const exhausted: Readonly<Record<string, string>> = {
  EMFILE: 'no file descriptors are left for the exporter (EMFILE); raise LimitNOFILE',
  ENFILE: 'no file descriptors are left on this machine (ENFILE)',
};

/** Judged by the error alone. */
export function failureToConnect(error: unknown, where: string): StepFailure {
  return ourFaultOf(error, where) ?? socketFailure('connect', where, error);
}

const internal: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no port, or no address of this family, to connect from (EADDRNOTAVAIL)',
  ENOBUFS: 'this machine has no buffers left for sockets (ENOBUFS)',
  ENOMEM: 'this machine has no memory left (ENOMEM)',
};

/**
 * The fault of the exporter behind an error, if it is one.
 *
 * The resolver of the system needs files and sockets of its own, and without them reports that a name does not exist.
 */
export function ourFaultOf(error: unknown, where: string): OurFault | undefined {
  const code = codeOf(error);
  const used = exhausted[code] ?? (isOfResolver(code) ? lackOfFiles() : undefined);
  if (used !== undefined) return new OurFault('file-descriptors', `${where}: ${used}`, { cause: error });
  const other = internal[code];
  return other === undefined ? undefined : new OurFault('internal', `${where}: ${other}`, { cause: error });
}

function isOfResolver(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'ESERVFAIL' || code.startsWith('EAI_');
}

function lackOfFiles(): string | undefined {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return undefined;
  } catch (error) {
    return exhausted[codeOf(error)];
  }
}

export function tooLarge(maxBytes: number): StepFailure {
  return new StepFailure('size', `the answer is larger than ${maxBytes} bytes; raise maxBody if that is right`);
}

export function headersTooLarge(maxBytes: number, cause: unknown): StepFailure {
  const message = `the headers of the answer are larger than ${maxBytes} bytes; raise network.maxHeaders if that is right`;
  return new StepFailure('size', message, { cause });
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused (ECONNREFUSED): nothing listens there',
  ECONNRESET: 'connection reset (ECONNRESET)',
  EHOSTUNREACH: 'no route to host (EHOSTUNREACH)',
  ENETUNREACH: 'network unreachable (ENETUNREACH); if only IPv6 fails, set network.ipPreference: ipv4',
  CERT_HAS_EXPIRED: 'the certificate has expired (CERT_HAS_EXPIRED)',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet (CERT_NOT_YET_VALID); is the clock right?',
  CERT_SIGNATURE_FAILURE:
    'the certificate was signed by another authority of the same name, or altered (CERT_SIGNATURE_FAILURE); is tls.caFile the authority of today?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT); name its CA in tls.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown certificate authority (SELF_SIGNED_CERT_IN_CHAIN); name it in tls.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'unknown certificate authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE); name it in tls.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'unknown certificate authority (UNABLE_TO_GET_ISSUER_CERT_LOCALLY); name it in tls.caFile',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); see tls.serverName',
  ERR_SSL_WRONG_VERSION_NUMBER: 'this is not TLS (ERR_SSL_WRONG_VERSION_NUMBER); is the base URL really https?',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the portal asks for a client certificate (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED); name it in tls.certFile',
};
