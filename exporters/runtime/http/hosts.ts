import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { RequestHandler } from 'express';
import type { ListenAddress } from './listen-address.js';

/**
 * Which host names this server answers to. A page of another site can make a browser send requests here with its own
 * name (DNS rebinding), and then read the answers; this is not possible with an address in the `Host` header.
 *
 * @param listed names that the operator allows; if there are any, no other name is served. Otherwise a server that
 * listens only on loopback answers to this machine's names, and any other server to all names, because the names for
 * scrapes are unknown.
 */
export function hostGuard(addresses: readonly ListenAddress[], listed: readonly string[]): RequestHandler {
  const isOpen = listed.length === 0 && !addresses.every(isLoopback);
  const own = hostname().toLowerCase();
  const names = new Set(['localhost', own, own.split('.')[0], ...listed.map((name) => name.toLowerCase())]);
  return (request, response, next) => {
    const name = hostName(request.headers.host);
    if (isOpen || name === undefined || isIP(name) !== 0 || names.has(name) || name.endsWith('.localhost')) {
      next();
      return;
    }
    response.status(421).set('Connection', 'close').type('text/plain');
    response.send('Misdirected Request: this server does not answer to that name; see --web.allowed-host\n');
  };
}

/** Runs before routes that change something or send requests to a portal: pages of other origins may not use them. */
export const ownOriginOnly: RequestHandler = (request, response, next) => {
  const objection = foreignOrigin(request.headers);
  if (objection === undefined) next();
  else response.status(403).type('text/plain').send(`refused: ${objection}\n`);
};

/**
 * Why a request that changes something is refused because of its origin; undefined when it is allowed. Browsers send
 * the origin in one of two headers, tools in none.
 */
export function foreignOrigin(headers: {
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly host?: string | undefined;
}): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'this request comes from another site';
  const { origin, host } = headers;
  if (origin === undefined) return undefined;
  // The scheme is ignored: it differs behind a proxy that terminates TLS.
  const from = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (from === undefined || from === '' || from !== host?.toLowerCase()) {
    return 'this request comes from another origin';
  }
  // A name may belong to the other site; an address is that of this server.
  const name = hostName(host);
  return name === undefined || isIP(name) !== 0 || name === 'localhost' || name === hostname().toLowerCase()
    ? undefined
    : 'a page under a name may not ask for this; use the address, or a tool such as curl';
}

/** Without port and brackets, in lower case. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  return host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

function isLoopback({ host }: ListenAddress): boolean {
  return host !== undefined && (/^(127\.|localhost$)/i.test(host) || host === '::1');
}
