import { mapValues } from '../reading/entries.js';
import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import type { Network, Portal, Tls } from './model.js';
import { resolveAuth } from './resolve-auth.js';
import type { ParsedPortal } from './schema/portal.js';

export function resolvePortal(name: string, portal: ParsedPortal, places: Places): Portal {
  const path = ['portals', name];
  const { limits, headers, variables, auth, identities, tls, network, baseUrl, ...rest } = portal;
  return {
    name,
    ...rest,
    baseUrl: new URL(baseUrl).origin,
    variables: places.texts([...path, 'variables'], variables),
    headers: places.secrets([...path, 'headers'], headers),
    auth: resolveAuth(auth, [...path, 'auth'], places),
    identities: mapValues(identities, (user, described) =>
      resolveAuth(described, [...path, 'identities', user], places),
    ),
    network: resolveNetwork(network),
    tls: resolveTls(tls, [...path, 'tls'], places),
    limits: {
      maxInFlight: limits.maxInFlight,
      abandonedAfterMs: limits.abandonedAfter,
      ...(limits.backoff === undefined ? {} : { ignoresBackoff: true }),
    },
  };
}

function resolveNetwork({ maxHeaders, redirectOrigins, ...rest }: ParsedPortal['network']): Network {
  return {
    ...rest,
    maxHeaderBytes: maxHeaders,
    redirectOrigins: redirectOrigins.map((written) => new URL(written).origin),
  };
}

function resolveTls(tls: ParsedPortal['tls'], path: KeyPath, places: Places): Tls {
  const { caFile, certFile, keyFile, keyPassphrase, ...rest } = tls;
  return {
    ...rest,
    ...(caFile === undefined ? {} : { caFile: places.file([...path, 'caFile'], caFile) }),
    ...(certFile === undefined ? {} : { certFile: places.file([...path, 'certFile'], certFile) }),
    ...(keyFile === undefined ? {} : { keyFile: places.file([...path, 'keyFile'], keyFile) }),
    ...(keyPassphrase === undefined ? {} : { keyPassphrase: places.secret([...path, 'keyPassphrase'], keyPassphrase) }),
  };
}
