import { request as httpRequest } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { OurFault, StepFailure } from '../step-failure.js';
import { type Certificates, certificatesOf, verificationFailure } from './certificates.js';
import { type AddressTry, dial } from './dial.js';
import { type EndedCleanly, plainEnding, tlsEnding } from './ending.js';
import { socketFailure } from './failure.js';
import { proxyAuthorization, proxyPort } from './proxy.js';
import { resolveHost } from './resolve.js';
import { isForwarded, type Target } from './target.js';
import { type Trust, tlsFiles } from './tls-files.js';

export interface Opened {
  readonly socket: Socket;
  /** What the TLS handshake agreed on; `http/1.1` without TLS. */
  readonly protocol: 'http/1.1' | 'h2';
  /** Address of the portal, or of the proxy. */
  readonly address: string;
  /**
   * The portal's certificates; undefined without TLS. Call it outside measured time, because it verifies signatures.
   */
  readonly certificates: (() => Certificates) | undefined;
  readonly endedCleanly: EndedCleanly;
}

interface Carrier {
  readonly socket: Socket;
  readonly address: string;
}

/** Called for every address that is tried. */
export type OnAddress = (result: AddressTry) => void;

/** @throws {StepFailure} `dns`, `connect` or `tls`; {@link OurFault}; or the signal's reason. */
export async function openConnection(
  target: Target,
  clock: PhaseClock,
  signal: Cancellation,
  onAddress: OnAddress,
): Promise<Opened> {
  const { socket, address } = await carry(target, clock, signal, onAddress);
  if (target.protocol === 'http:') {
    return { socket, protocol: 'http/1.1', address, certificates: undefined, endedCleanly: plainEnding(socket) };
  }
  clock.enter('tls');
  const secure = await handshake(socket, target, signal);
  return {
    socket: secure,
    protocol: secure.alpnProtocol === 'h2' ? 'h2' : 'http/1.1',
    address,
    certificates: certificatesOf(secure, target.trust),
    endedCleanly: tlsEnding(secure, socket),
  };
}

/** A connection to the portal, or one through a proxy that ends there. */
async function carry(target: Target, clock: PhaseClock, signal: Cancellation, onAddress: OnAddress): Promise<Carrier> {
  const { proxy } = target;
  if (proxy === undefined) return reach(target.host, target.port, target, clock, signal, onAddress);
  try {
    const carrier = await reach(hostName(proxy), proxyPort(proxy), target, clock, signal, onAddress);
    return isForwarded(target) ? carrier : { ...carrier, socket: await tunnel(carrier.socket, proxy, target, signal) };
  } catch (error) {
    throw proxyFault(proxy, error);
  }
}

async function reach(
  host: string,
  port: number,
  { network }: Target,
  clock: PhaseClock,
  signal: Cancellation,
  onAddress: OnAddress,
): Promise<Carrier> {
  const addresses = await resolveHost(host, network.ipPreference, signal, {
    onQueued: () => clock.waitForOurs(),
    onBegin: () => clock.enter('dns'),
    onFailure: () => clock.stop(),
  });
  clock.enter('connect');
  return dial(addresses, port, signal, onAddress);
}

/** The proxy belongs to the exporter's set-up: a failure before the tunnel is open is not the portal's. */
function proxyFault(proxy: URL, error: unknown): unknown {
  if (error instanceof OurFault || !(error instanceof StepFailure)) return error;
  return new OurFault('proxy', `proxy ${proxy.host}: ${error.message}`, { cause: error });
}

/** Without the brackets that a URL puts around an IPv6 address. */
function hostName(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * The verification result is checked here, because a failed verification by Node would make the certificates
 * unavailable for the message. The socket is not used, so nothing is written to it, before chain and name are verified.
 */
function handshake(socket: Socket, { trust, host, network }: Target, signal: Cancellation): Promise<TLSSocket> {
  const name = trust.serverName ?? host;
  const files = tlsFiles(trust);
  return abortable(signal, (done, fail, onAbort) => {
    const secure = tlsConnect({
      socket,
      // The name that the certificate must contain.
      host: name,
      secureContext: files.context,
      rejectUnauthorized: false,
      ALPNProtocols: network.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      // An address is not a server name (RFC 6066, 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
    });
    const failed = (error: Error) => {
      socket.destroy();
      fail(socketFailure('tls', host, error));
    };
    onAbort(() => secure.destroy());
    secure.once('error', failed);
    secure.once('secureConnect', () => {
      secure.off('error', failed);
      secure.on('error', ignore);
      const refused = trust.insecureSkipVerify ? undefined : verificationFailure(secure, host, trust);
      if (refused === undefined) {
        done(secure);
        return;
      }
      secure.destroy();
      fail(refused);
    });
  });
}

const proxyTrust: Trust = { minVersion: 'TLSv1.2', insecureSkipVerify: false, keepsSystemRoots: true };

/** Requests a tunnel to the portal from a proxy (RFC 9110, 9.3.6): any 2xx grants it. */
async function tunnel(carrier: Socket, proxy: URL, target: Target, signal: Cancellation): Promise<Socket> {
  const network = { ...target.network, http2: false };
  const way =
    proxy.protocol === 'https:'
      ? await handshake(carrier, { ...target, host: hostName(proxy), network, trust: proxyTrust }, signal)
      : carrier;
  return abortable(signal, (done, fail, onAbort) => {
    const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
    const request = httpRequest({
      createConnection: () => way,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
    });
    const refuse = (status: number | undefined) => {
      way.destroy();
      fail(new StepFailure('connect', `refused the tunnel to ${authority} with status ${status}`));
    };
    onAbort(() => way.destroy());
    request.once('connect', (response, socket: Socket, early: Buffer) => {
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) {
        refuse(statusCode);
        return;
      }
      socket.on('error', ignore);
      if (early.length > 0) socket.unshift(early);
      done(socket);
    });
    request.once('response', (response) => refuse(response.statusCode));
    request.once('error', (error) => fail(socketFailure('connect', 'no tunnel', error)));
    request.end();
  });
}

/** An idle socket that fails is noticed when it is next used; without a listener the error would end the process. */
function ignore(): void {}
