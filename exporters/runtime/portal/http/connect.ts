import { type LookupAddress, lookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type DetailedPeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Network } from '../../../../pack/index.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { StepFailure } from '../step-failure.js';
import { type EndedCleanly, plainEnding, tlsEnding } from './ending.js';
import { socketFailure } from './failure.js';
import { proxyAuthorization, proxyPort } from './proxy.js';
import { isForwarded, secureContext, type Target } from './target.js';

export interface Opened {
  readonly socket: Socket;
  /** What the TLS handshake agreed on; `http/1.1` without TLS. */
  readonly protocol: 'http/1.1' | 'h2';
  readonly address: string;
  readonly certificateExpirySeconds: number | undefined;
  readonly endedCleanly: EndedCleanly;
}

/**
 * Opens one connection. It tries one address only: racing several (happy eyeballs) would hide that one of them is
 * broken, and a measuring tool must not.
 */
export async function open(target: Target, clock: PhaseClock, signal: Cancellation): Promise<Opened> {
  clock.enter('dns');
  const address = await resolve(hostName(target.proxy) ?? target.host, target.network.ipPreference, signal);
  clock.enter('connect');
  const socket =
    target.proxy === undefined
      ? await tcp(address, target.port, signal)
      : await throughProxy(target, target.proxy, address, signal);
  if (target.protocol === 'http:') {
    return {
      socket,
      protocol: 'http/1.1',
      address,
      certificateExpirySeconds: undefined,
      endedCleanly: plainEnding(socket),
    };
  }
  clock.enter('tls');
  const secure = await handshake(socket, target, signal);
  return {
    socket: secure,
    protocol: secure.alpnProtocol === 'h2' ? 'h2' : 'http/1.1',
    address,
    certificateExpirySeconds: firstExpirySeconds(secure.getPeerCertificate(true)),
    endedCleanly: tlsEnding(secure, socket),
  };
}

/** Of the whole chain: nobody gets in with a good certificate under an intermediate that has expired. */
function firstExpirySeconds(leaf: DetailedPeerCertificate): number | undefined {
  let first = Number.POSITIVE_INFINITY;
  const seen = new Set<DetailedPeerCertificate>();
  // A root is its own issuer. Where the chain is cut short there is none, whatever the type says.
  for (let next: DetailedPeerCertificate | undefined = leaf; next !== undefined; next = next.issuerCertificate) {
    if (seen.has(next)) break;
    seen.add(next);
    const expiry = Date.parse(next.valid_to);
    if (!Number.isNaN(expiry)) first = Math.min(first, expiry);
  }
  return Number.isFinite(first) ? first / 1000 : undefined;
}

/** Without the brackets that a URL puts around an IPv6 address. */
function hostName(url: URL | undefined): string | undefined {
  return url?.hostname.replace(/^\[|\]$/g, '');
}

function resolve(host: string, preference: Network['ipPreference'], signal: Cancellation): Promise<string> {
  if (isIP(host) !== 0) return Promise.resolve(host);
  return abortable(signal, (done, fail) => {
    lookup(host, { all: true, verbatim: true }, (error, addresses) => {
      if (error !== null) {
        fail(new StepFailure('dns', `${host} does not resolve (${error.code ?? error.message})`, { cause: error }));
        return;
      }
      const chosen = choose(addresses, preference);
      if (chosen === undefined) fail(new StepFailure('dns', `${host} has no address for ipPreference ${preference}`));
      else done(chosen.address);
    });
  });
}

function choose(addresses: readonly LookupAddress[], preference: Network['ipPreference']): LookupAddress | undefined {
  if (preference === 'any') return addresses[0];
  const family = preference.startsWith('ipv4') ? 4 : 6;
  const preferred = addresses.find((address) => address.family === family);
  return preferred ?? (preference.endsWith('-only') ? undefined : addresses[0]);
}

function tcp(address: string, port: number, signal: Cancellation): Promise<Socket> {
  return abortable(signal, (done, fail, onAbort) => {
    const socket = netConnect({ host: address, port });
    const failed = (error: Error) => fail(socketFailure('connect', `${address}:${port}`, error));
    onAbort(() => socket.destroy());
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.on('error', ignore);
      done(socket);
    });
  });
}

function handshake(socket: Socket, target: Target, signal: Cancellation): Promise<TLSSocket> {
  const servername = target.trust.serverName ?? (isIP(target.host) === 0 ? target.host : undefined);
  return abortable(signal, (done, fail, onAbort) => {
    const secure = tlsConnect({
      socket,
      host: target.host,
      secureContext: secureContext(target.trust),
      rejectUnauthorized: !target.trust.insecureSkipVerify,
      ALPNProtocols: target.network.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      ...(servername === undefined ? {} : { servername }),
    });
    const failed = (error: Error) => {
      socket.destroy();
      fail(socketFailure('tls', target.host, error));
    };
    onAbort(() => secure.destroy());
    secure.once('error', failed);
    secure.once('secureConnect', () => {
      secure.off('error', failed);
      secure.on('error', ignore);
      done(secure);
    });
  });
}

async function throughProxy(target: Target, proxy: URL, address: string, signal: Cancellation): Promise<Socket> {
  const port = proxyPort(proxy);
  if (isForwarded(target)) return tcp(address, port, signal);
  return abortable(signal, (done, fail, onAbort) => {
    const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
    const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send({
      host: address,
      port,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
      ...(proxy.protocol === 'https:' ? { servername: proxy.hostname } : {}),
    });
    onAbort(() => request.destroy());
    request.once('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) {
        socket.on('error', ignore);
        done(socket);
        return;
      }
      socket.destroy();
      fail(new StepFailure('connect', `proxy ${proxy.host} refused the tunnel with status ${response.statusCode}`));
    });
    request.once('error', (error) => fail(socketFailure('connect', `proxy ${proxy.host}`, error)));
    request.end();
  });
}

/** An idle socket that breaks is noticed when it is next used; without a listener it would end the process. */
function ignore(): void {}
