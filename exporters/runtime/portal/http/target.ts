import type { Network, Portal, Tls } from '../../../../pack/index.js';
import { StepFailure } from '../step-failure.js';
import { proxyOf } from './proxy.js';
import { problemWith, type Trust } from './tls-files.js';

/** The destination of a connection, and how to connect. */
export interface Target {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  readonly proxy: URL | undefined;
  readonly trust: Trust;
  readonly network: Network;
}

const targets = new WeakMap<Portal, Map<string, Target>>();

/** Why the current certificate files of a portal are not in use. */
export function tlsProblem(portal: Portal): string | undefined {
  for (const { trust } of targets.get(portal)?.values() ?? []) {
    const problem = problemWith(trust);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Cached as long as the portal's description: the environment does not change during the process. A connection may be
 * reused only for the same target, because another description may trust other authorities.
 */
export function targetOf(url: URL, portal: Portal): Target {
  let known = targets.get(portal);
  if (known === undefined) {
    known = new Map();
    targets.set(portal, known);
  }
  let target = known.get(url.origin);
  if (target === undefined) {
    target = describe(url, portal);
    known.set(url.origin, target);
  }
  return target;
}

function describe(url: URL, portal: Portal): Target {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new StepFailure('protocol', `cannot speak ${url.protocol}//; only http and https`);
  }
  const proxy = portal.network.proxy === 'environment' ? proxyOf(url) : undefined;
  return {
    protocol: url.protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    proxy,
    trust:
      url.origin === new URL(portal.baseUrl).origin
        ? { ...portal.tls, keepsSystemRoots: false }
        : elsewhere(portal.tls),
    network: portal.network,
  };
}

/**
 * A token endpoint and the origin of a redirect are not the portal: the portal's server name, client certificate and
 * `insecureSkipVerify` do not apply to them. A client secret is sent to the token endpoint.
 */
function elsewhere({ minVersion, caFile }: Tls): Trust {
  return { minVersion, insecureSkipVerify: false, keepsSystemRoots: true, ...(caFile === undefined ? {} : { caFile }) };
}

/** Readable, without its credentials. */
export function proxyName(url: URL, portal: Portal): string | undefined {
  return targetOf(url, portal).proxy?.host;
}

/** Plain HTTP is sent to a proxy directly; everything else through a tunnel. */
export function isForwarded({ protocol, proxy }: Target): boolean {
  return protocol === 'http:' && proxy?.protocol === 'http:';
}
