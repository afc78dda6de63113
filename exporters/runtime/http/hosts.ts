import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { RequestHandler } from 'express';
import type { ListenAddress } from './listen-address.js';

/**
 * Which names this server answers to. A page of another site can make a browser send requests here under its own name
 * (DNS rebinding), and then read the answers; an address in the `Host` header cannot be had that way.
 *
 * @param listed names that an operator allows; with one, no other is served. Without one, a server that only listens
 * on loopback answers to this machine's names, and any other to all: nobody knows under which it is scraped.
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

/** Before what changes something or asks a portal: a foreign page has no business there, logged in or not. */
export const ownOriginOnly: RequestHandler = (request, response, next) => {
  const objection = foreignOrigin(request.headers);
  if (objection === undefined) next();
  else response.status(403).type('text/plain').send(`refused: ${objection}\n`);
};

/**
 * Why a request that changes something may not come from where it comes from; undefined when it may. Browsers say so in
 * one of two headers, tools in none.
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
  // The scheme is left out: behind a proxy that ends TLS it is another.
  const from = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (from === undefined || from === '' || from !== host?.toLowerCase()) {
    return 'this request comes from another origin';
  }
  // A name may be the foreign page's own; an address is ours.
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
