import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Network, Portal, Tls } from '../../../../pack/index.js';
import { StepFailure } from '../step-failure.js';
import { proxyOf } from './proxy.js';

/** Where a connection leads and how it is made. */
export interface Target {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  readonly proxy: URL | undefined;
  readonly tls: Tls;
  readonly network: Network;
  /** Under which a connection to it may be used again. */
  readonly key: string;
}

const targets = new WeakMap<Portal, Map<string, Target>>();

/** Remembered for as long as the portal's description: the environment names the same proxy for as long as we live. */
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
    tls: portal.tls,
    network: portal.network,
    key: `${url.origin} via ${proxy?.href ?? 'no proxy'}`,
  };
}

/** Plain HTTP goes to a plain proxy as it is; everything else through a tunnel. */
export function isForwarded({ protocol, proxy }: Target): boolean {
  return protocol === 'http:' && proxy?.protocol === 'http:';
}

const REREAD_AFTER_MS = 60_000;
const contexts = new WeakMap<Tls, { context: SecureContext; readAt: number }>();

/** Certificates are read again every minute, so a renewed client certificate is taken up without a reload. */
export function secureContext(tls: Tls): SecureContext {
  const cached = contexts.get(tls);
  if (cached !== undefined && performance.now() - cached.readAt < REREAD_AFTER_MS) return cached.context;
  try {
    const context = createSecureContext({
      minVersion: tls.minVersion,
      ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
      ...(tls.certFile === undefined ? {} : { cert: readFileSync(tls.certFile) }),
      ...(tls.keyFile === undefined ? {} : { key: readFileSync(tls.keyFile) }),
    });
    contexts.set(tls, { context, readAt: performance.now() });
    return context;
  } catch (cause) {
    throw new StepFailure(
      'tls',
      `the portal's tls files cannot be used: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
