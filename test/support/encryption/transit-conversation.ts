/** One request of a conversation that any transit engine answers alike. */
export interface Request {
  readonly what: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object | string | ((memory: ReadonlyMap<string, string>) => object);
  readonly token?: 'root' | 'short' | 'unknown' | 'none';
  readonly namespace?: string;
  /** Keeps a value of the answer for later requests. */
  readonly keep?: { readonly as: string; readonly from: 'ciphertext' | 'client_token' };
  readonly afterMs?: number;
}

const hello = Buffer.from('hello').toString('base64');
const here = Buffer.from('table|column|1').toString('base64');
const there = Buffer.from('table|column|2').toString('base64');

const sealedAs =
  (name: string, more: object = {}) =>
  (memory: ReadonlyMap<string, string>) => ({
    ciphertext: memory.get(name) ?? '',
    ...more,
  });

/** In order: each answer depends on the requests before it. */
export const conversation: readonly Request[] = [
  { what: 'an engine is mounted', path: 'sys/mounts/transit', body: { type: 'transit' } },
  { what: 'mounted twice', path: 'sys/mounts/transit', body: { type: 'transit' } },
  { what: 'a key that is not there yet', method: 'GET', path: 'transit/keys/canary' },
  { what: 'a key is made', path: 'transit/keys/canary', body: {} },
  { what: 'a key is made twice', path: 'transit/keys/canary', body: {} },
  { what: 'a key is read', method: 'GET', path: 'transit/keys/canary' },
  {
    what: 'encrypted in a context',
    path: 'transit/encrypt/canary',
    body: { plaintext: hello, associated_data: here },
    keep: { as: 'bound', from: 'ciphertext' },
  },
  {
    what: 'encrypted without one',
    path: 'transit/encrypt/canary',
    body: { plaintext: hello },
    keep: { as: 'free', from: 'ciphertext' },
  },
  { what: 'PUT is POST', method: 'PUT', path: 'transit/encrypt/canary', body: { plaintext: hello } },
  { what: 'an empty plaintext', path: 'transit/encrypt/canary', body: { plaintext: '' } },
  { what: 'decrypted', path: 'transit/decrypt/canary', body: sealedAs('bound', { associated_data: here }) },
  { what: 'in another context', path: 'transit/decrypt/canary', body: sealedAs('bound', { associated_data: there }) },
  { what: 'without its context', path: 'transit/decrypt/canary', body: sealedAs('bound') },
  {
    what: 'with a context it never had',
    path: 'transit/decrypt/canary',
    body: sealedAs('free', { associated_data: here }),
  },
  { what: 'rewrapped', path: 'transit/rewrap/canary', body: sealedAs('free') },
  { what: 'a bound one rewrapped', path: 'transit/rewrap/canary', body: sealedAs('bound') },
  {
    what: 'a bound one rewrapped with its context, which is not heeded',
    path: 'transit/rewrap/canary',
    body: sealedAs('bound', { associated_data: here }),
  },
  {
    what: 'a flipped bit',
    path: 'transit/decrypt/canary',
    body: (memory) => ({ ciphertext: flipped(memory.get('free') ?? '') }),
  },
  {
    what: 'a version that is not its own',
    path: 'transit/decrypt/canary',
    body: (memory) => ({ ciphertext: (memory.get('free') ?? '').replace(':v1:', ':v0:') }),
  },
  { what: 'too short for a nonce', path: 'transit/decrypt/canary', body: { ciphertext: 'vault:v1:AAAA' } },
  { what: 'too short for a tag', path: 'transit/decrypt/canary', body: { ciphertext: `vault:v1:${'A'.repeat(20)}` } },
  { what: 'a version to come', path: 'transit/decrypt/canary', body: { ciphertext: `vault:v9:${'A'.repeat(40)}` } },
  { what: 'no prefix', path: 'transit/decrypt/canary', body: { ciphertext: 'nonsense' } },
  { what: 'no data', path: 'transit/decrypt/canary', body: { ciphertext: 'vault:v1' } },
  { what: 'no version', path: 'transit/decrypt/canary', body: { ciphertext: 'vault:vx:AAAA' } },
  { what: 'no Base64', path: 'transit/decrypt/canary', body: { ciphertext: 'vault:v1:***' } },
  { what: 'no ciphertext', path: 'transit/decrypt/canary', body: {} },
  { what: 'no plaintext', path: 'transit/encrypt/canary', body: {} },
  { what: 'a plaintext that is no Base64', path: 'transit/encrypt/canary', body: { plaintext: '***' } },
  {
    what: 'a context that is no Base64',
    path: 'transit/encrypt/canary',
    body: { plaintext: hello, associated_data: '***' },
  },
  {
    what: 'no such key to encrypt with',
    method: 'POST',
    path: 'transit/decrypt/none',
    body: { ciphertext: 'vault:v1:AA==' },
  },
  { what: 'a version that is not there', path: 'transit/encrypt/canary', body: { plaintext: hello, key_version: 7 } },
  { what: 'rotated', path: 'transit/keys/canary/rotate', body: {} },
  { what: 'encrypted by the newest', path: 'transit/encrypt/canary', body: { plaintext: hello } },
  { what: 'encrypted by an older one', path: 'transit/encrypt/canary', body: { plaintext: hello, key_version: 1 } },
  { what: 'decrypted by an older one', path: 'transit/decrypt/canary', body: sealedAs('free') },
  { what: 'rewrapped to the newest', path: 'transit/rewrap/canary', body: sealedAs('free') },
  { what: 'an older one is revoked', path: 'transit/keys/canary/config', body: { min_decryption_version: 2 } },
  { what: 'decrypted by a revoked one', path: 'transit/decrypt/canary', body: sealedAs('free') },
  { what: 'rewrapped from a revoked one', path: 'transit/rewrap/canary', body: sealedAs('free') },
  { what: 'encrypted by a revoked one', path: 'transit/encrypt/canary', body: { plaintext: hello, key_version: 1 } },
  { what: 'one to come is revoked', path: 'transit/keys/canary/config', body: { min_decryption_version: 9 } },
  { what: 'restored', path: 'transit/keys/canary/config', body: { min_decryption_version: 1 } },
  { what: 'decrypted by a restored one', path: 'transit/decrypt/canary', body: sealedAs('free') },
  { what: 'older ones may not encrypt', path: 'transit/keys/canary/config', body: { min_encryption_version: 2 } },
  { what: 'one that may not encrypt', path: 'transit/encrypt/canary', body: { plaintext: hello, key_version: 1 } },
  { what: 'one to come may not encrypt', path: 'transit/keys/canary/config', body: { min_encryption_version: 9 } },
  { what: 'no such key to configure', path: 'transit/keys/none/config', body: { min_decryption_version: 1 } },
  { what: 'no such key to rotate', path: 'transit/keys/none/rotate', body: {} },
  { what: 'a derived key is made', path: 'transit/keys/derived', body: { derived: true } },
  { what: 'derived, without a context', path: 'transit/encrypt/derived', body: { plaintext: hello } },
  {
    what: 'derived, with one',
    path: 'transit/encrypt/derived',
    body: { plaintext: hello, context: here, associated_data: here },
    keep: { as: 'derived', from: 'ciphertext' },
  },
  {
    what: 'derived, decrypted',
    path: 'transit/decrypt/derived',
    body: sealedAs('derived', { context: here, associated_data: here }),
  },
  {
    what: 'derived, in another context',
    path: 'transit/decrypt/derived',
    body: sealedAs('derived', { context: there, associated_data: here }),
  },
  { what: 'no such mount', path: 'elsewhere/encrypt/canary', body: { plaintext: hello } },
  { what: 'no such path', method: 'GET', path: 'transit/nowhere' },
  { what: 'no such method', method: 'GET', path: 'transit/encrypt/canary' },
  { what: 'no such namespace', path: 'transit/encrypt/canary', body: { plaintext: hello }, namespace: 'nowhere' },
  { what: 'a body that is no JSON', path: 'transit/encrypt/canary', body: '{nonsense' },
  { what: 'an unknown token', path: 'transit/encrypt/canary', body: { plaintext: hello }, token: 'unknown' },
  { what: 'no token', path: 'transit/encrypt/canary', body: { plaintext: hello }, token: 'none' },
  { what: 'the root token looks at itself', method: 'GET', path: 'auth/token/lookup-self' },
  { what: 'the root token cannot be renewed', path: 'auth/token/renew-self', body: {} },
  {
    what: 'a short token is made',
    path: 'auth/token/create',
    body: { ttl: '2s', policies: ['default'] },
    keep: { as: 'short', from: 'client_token' },
  },
  { what: 'a token looks at itself', method: 'GET', path: 'auth/token/lookup-self', token: 'short' },
  { what: 'a token renews itself', path: 'auth/token/renew-self', body: {}, token: 'short' },
  { what: 'a token without the right', path: 'transit/encrypt/canary', body: { plaintext: hello }, token: 'short' },
  { what: 'a token that has expired', method: 'GET', path: 'auth/token/lookup-self', token: 'short', afterMs: 2500 },
  { what: 'renewed too late', path: 'auth/token/renew-self', body: {}, token: 'short' },
  {
    what: 'a rate limit is set',
    path: 'sys/quotas/rate-limit/probe',
    body: { rate: 1, interval: '60s', path: 'transit/' },
  },
  { what: 'within the limit', path: 'transit/encrypt/canary', body: { plaintext: hello } },
  { what: 'over the limit', path: 'transit/encrypt/canary', body: { plaintext: hello } },
  { what: 'sealed', method: 'PUT', path: 'sys/seal', body: {} },
  { what: 'encrypted while sealed', path: 'transit/encrypt/canary', body: { plaintext: hello } },
  { what: 'a token while sealed', method: 'GET', path: 'auth/token/lookup-self' },
];

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Holds the whole conversation with a server. */
export async function converse(url: string, rootToken: string): Promise<ReadonlyMap<string, Answer>> {
  const memory = new Map([
    ['root', rootToken],
    ['unknown', 's.unknown'],
  ]);
  const answers = new Map<string, Answer>();
  for (const { what, method = 'POST', path, body, token = 'root', namespace, keep, afterMs = 0 } of conversation) {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const sent = typeof body === 'function' ? body(memory) : body;
    const known = memory.get(token);
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: {
        ...(known === undefined ? {} : { 'x-vault-token': known }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      ...(sent === undefined ? {} : { body: typeof sent === 'string' ? sent : JSON.stringify(sent) }),
    });
    const text = await response.text();
    const answer = { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    answers.set(what, answer);
    if (keep !== undefined)
      memory.set(keep.as, String(answer.body?.data?.[keep.from] ?? answer.body?.auth?.[keep.from]));
  }
  return answers;
}

/** What must be alike: names, types, statuses, refusals, versions and plaintexts; not times, ids and ciphertexts. */
export function shapeOf(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner, key)]));
  }
  if (typeof value === 'string') {
    if (name === 'ciphertext') return value.replace(/:[^:]*$/, `:${value.replace(/^.*:/, '').length} characters`);
    return varying.has(name) ? 'text' : value;
  }
  return typeof value === 'number' && (varying.has(name) || /^\d+$/.test(name)) ? 'number' : value;
}

const varying = new Set([
  'request_id',
  'accessor',
  'client_token',
  'id',
  'creation_time',
  'issue_time',
  'expire_time',
  // Seconds that run while we ask.
  'ttl',
]);

function flipped(ciphertext: string): string {
  const [prefix, version, data = ''] = ciphertext.split(':');
  const bytes = Buffer.from(data, 'base64');
  bytes[14] = (bytes[14] ?? 0) ^ 1;
  return `${prefix}:${version}:${bytes.toString('base64')}`;
}
