import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBase64, Refused, TransitKey } from './transit-keys.js';

/** What a test may make the stand-in do. */
export interface Faults {
  /** Before each answer of the transit engine. */
  delayMs: number;
  /** Answers 429 to the engine's requests. */
  throttled: boolean;
  sealed: boolean;
  /** Decrypts to something else. */
  wrongPlaintext: boolean;
  /** Accepts requests and never answers. */
  silent: boolean;
  /** Gives every ciphertext the same nonce, by giving the same ciphertext again. */
  repeats: boolean;
}

interface Token {
  readonly ttlSeconds: number;
  expiresAt: number;
  readonly createdAt: number;
  /** Operations such as `encrypt` or `keys`; all when undefined. */
  readonly may: readonly string[] | undefined;
}

interface Request {
  readonly method: string;
  readonly path: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly token: string;
}

export const ROOT_TOKEN = 'root-token';

/**
 * A stand-in for the transit engine of Vault and OpenBao, for tests on machines that have neither. It speaks the part
 * of the protocol that the provider uses, with the statuses and words of OpenBao, and real AES-256-GCM behind it.
 * encryption-transit-conformance.test.ts holds each answer against a real server where there is one.
 */
export class TransitStandIn {
  readonly faults: Faults = {
    delayMs: 0,
    throttled: false,
    sealed: false,
    wrongPlaintext: false,
    silent: false,
    repeats: false,
  };
  /** Method and path of each request, in order. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #mounts = new Map<string, Map<string, TransitKey>>();
  readonly #tokens = new Map<string, Token>();
  #last: object | undefined;
  #requestsLeft = Number.POSITIVE_INFINITY;

  constructor() {
    this.#tokens.set(ROOT_TOKEN, {
      ttlSeconds: 0,
      createdAt: Date.now(),
      expiresAt: Number.POSITIVE_INFINITY,
      may: undefined,
    });
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The key is lost, and another of its name is made in its place. */
  take(name: string): TransitKey {
    const lost = this.key(name);
    this.#mounts.get('transit')?.delete(name);
    this.key(name);
    return lost;
  }

  /** As from a backup. */
  put(name: string, key: TransitKey): void {
    this.#mounts.get('transit')?.set(name, key);
  }

  /** A key of the mount `transit`, made if need be. */
  key(name: string, derived = false): TransitKey {
    const keys = this.#mounts.get('transit') ?? new Map<string, TransitKey>();
    this.#mounts.set('transit', keys);
    const key = keys.get(name) ?? new TransitKey(name, derived);
    keys.set(name, key);
    return key;
  }

  /** @returns a token that may do only this. */
  token(
    options: { readonly ttlSeconds?: number; readonly ageSeconds?: number; readonly may?: readonly string[] } = {},
  ): string {
    const token = `s.${randomUUID()}`;
    const { ttlSeconds = 3600, ageSeconds = 0, may } = options;
    const createdAt = Date.now() - ageSeconds * 1000;
    this.#tokens.set(token, { ttlSeconds, createdAt, expiresAt: createdAt + ttlSeconds * 1000, may });
    return token;
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await read(incoming);
    const path = (incoming.url ?? '').replace(/^\/v1\//, '').split('/');
    this.seen.push(`${incoming.method} ${path.join('/')}`);
    if (this.faults.silent) return;
    try {
      if (this.faults.sealed) throw new Refused('Vault is sealed', 503);
      const body = parse(text);
      const token = header(incoming, 'x-vault-token');
      const namespace = header(incoming, 'x-vault-namespace');
      if (namespace !== '' && namespace !== 'root') throw new Refused('namespace not found', 404);
      const request = { method: incoming.method === 'PUT' ? 'POST' : (incoming.method ?? 'GET'), path, body, token };
      const answer = await this.#answer(request);
      if (answer === undefined) response.writeHead(204).end();
      else send(response, 200, envelope(answer));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      send(response, error.status, { errors: error.message === '' ? [] : [error.message] });
    }
  }

  /** @returns what stands in the envelope; undefined for an answer without a body. */
  async #answer(request: Request): Promise<Partial<Envelope> | undefined> {
    const { method, path, token } = request;
    const [first = '', ...rest] = path;
    if (first === 'sys') return this.#system(rest, request);
    if (first === 'auth' && rest[0] === 'token') return this.#tokenRequest(rest[1] ?? '', request);
    const keys = this.#mounts.get(first);
    const [operation = '', name = '', what] = rest;
    this.#authorise(token, operation);
    if (keys === undefined) throw new Refused(`no handler for route "${path.join('/')}". route entry not found.`, 404);
    if (this.faults.delayMs > 0) await sleep(this.faults.delayMs);
    this.#requestsLeft -= 1;
    if (this.faults.throttled || this.#requestsLeft < 0) {
      throw new Refused(`request path "${path.join('/')}": rate limit quota exceeded`, 429);
    }
    switch (operation) {
      case 'keys':
        return this.#keys(keys, name, what, request);
      case 'encrypt':
      case 'decrypt':
      case 'rewrap':
        if (method !== 'POST') throw new Refused('1 error occurred:\n\t* unsupported operation\n\n', 405);
        return { data: this.#cipher(keys, operation, name, request.body) };
      default:
        throw new Refused('1 error occurred:\n\t* unsupported path\n\n', 404);
    }
  }

  #system([what, name = '']: readonly string[], { token, body }: Request): undefined {
    this.#authorise(token, 'sys');
    if (what === 'seal') this.faults.sealed = true;
    else if (what === 'quotas') this.#requestsLeft = Number(body.rate);
    else if (this.#mounts.has(name)) throw new Refused(`path is already in use at ${name}/`);
    else this.#mounts.set(name, new Map());
    return undefined;
  }

  #authorise(token: string, operation: string): Token {
    const known = this.#tokens.get(token);
    if (known === undefined || known.expiresAt <= Date.now()) throw new Refused('permission denied', 403);
    if (known.may !== undefined && !known.may.includes(operation)) {
      throw new Refused('1 error occurred:\n\t* permission denied\n\n', 403);
    }
    return known;
  }

  #tokenRequest(what: string, { token, body, method }: Request): Partial<Envelope> {
    const known = this.#authorise(token, what === 'create' ? 'sys' : 'token');
    if (what === 'create') {
      const ttlSeconds = Number.parseInt(String(body.ttl ?? '3600'), 10);
      return { auth: grant(this.token({ ttlSeconds, may: ['token'] }), ttlSeconds) };
    }
    if (what === 'renew-self' && method === 'POST') {
      if (known.ttlSeconds === 0) throw new Refused('lease is not renewable');
      known.expiresAt = Date.now() + known.ttlSeconds * 1000;
      return { auth: grant(token, known.ttlSeconds) };
    }
    const isRoot = known.ttlSeconds === 0;
    return {
      data: {
        accessor: 'accessor',
        creation_time: Math.floor(known.createdAt / 1000),
        creation_ttl: known.ttlSeconds,
        display_name: 'token',
        entity_id: '',
        expire_time: isRoot ? null : new Date(known.expiresAt).toISOString(),
        explicit_max_ttl: 0,
        id: token,
        issue_time: new Date(known.createdAt).toISOString(),
        meta: null,
        num_uses: 0,
        orphan: isRoot,
        path: 'auth/token/create',
        policies: [isRoot ? 'root' : 'default'],
        renewable: !isRoot,
        ttl: isRoot ? 0 : Math.ceil((known.expiresAt - Date.now()) / 1000),
        type: 'service',
      },
    };
  }

  #keys(
    keys: Map<string, TransitKey>,
    name: string,
    what: string | undefined,
    { method, body }: Request,
  ): Partial<Envelope> {
    const key = keys.get(name);
    if (what === undefined && method === 'POST') {
      const made = key ?? new TransitKey(name, body.derived === true);
      keys.set(name, made);
      return { data: made.describe() };
    }
    if (what === undefined && method === 'GET') {
      if (key === undefined) throw new Refused('', 404);
      return { data: key.describe() };
    }
    if (what === 'rotate') {
      if (key === undefined) throw new Refused('key not found');
      key.rotate();
      return { data: key.describe() };
    }
    if (key === undefined) throw new Refused(`no existing key named ${name} could be found`);
    key.configure({
      minDecryption: numberOf(body.min_decryption_version),
      minEncryption: numberOf(body.min_encryption_version),
    });
    return { data: key.describe() };
  }

  #cipher(
    keys: Map<string, TransitKey>,
    operation: 'encrypt' | 'decrypt' | 'rewrap',
    name: string,
    body: Readonly<Record<string, unknown>>,
  ): object {
    const key = keys.get(name);
    const field = (what: string) => (typeof body[what] === 'string' ? body[what] : '');
    const context = Buffer.from(field('context'), 'base64');
    if (operation === 'encrypt') {
      const plaintext = body.plaintext;
      if (typeof plaintext !== 'string') throw new Refused('missing plaintext to encrypt');
      if (key === undefined) throw new Refused('encryption key not found');
      if (!isBase64(plaintext)) throw new Refused('illegal base64 data at input byte 0');
      const bound = associatedData(field('associated_data'));
      const made = key.encrypt(Buffer.from(plaintext, 'base64'), context, bound, numberOf(body.key_version));
      if (this.faults.repeats) this.#last ??= made;
      return this.faults.repeats ? (this.#last ?? made) : made;
    }
    if (field('ciphertext') === '') throw new Refused('missing ciphertext to decrypt');
    if (key === undefined) throw new Refused('encryption key not found');
    // The engine takes no associated data when it wraps anew.
    const bound = operation === 'rewrap' ? Buffer.alloc(0) : associatedData(field('associated_data'));
    const plaintext = key.decrypt(field('ciphertext'), context, bound);
    if (operation === 'rewrap') return key.encrypt(plaintext, context, Buffer.alloc(0), numberOf(body.key_version));
    return { plaintext: (this.faults.wrongPlaintext ? Buffer.from('something else') : plaintext).toString('base64') };
  }
}

interface Envelope {
  readonly data: object | null;
  readonly auth: object | null;
}

function envelope({ data = null, auth = null }: Partial<Envelope>): object {
  return {
    request_id: randomUUID(),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: null,
    auth,
  };
}

function grant(token: string, ttlSeconds: number): object {
  return {
    client_token: token,
    accessor: 'accessor',
    policies: ['default'],
    token_policies: ['default'],
    metadata: null,
    lease_duration: ttlSeconds,
    renewable: true,
    entity_id: '',
    token_type: 'service',
    orphan: false,
    mfa_requirement: null,
    num_uses: 0,
  };
}

function associatedData(encoded: string): Buffer {
  if (isBase64(encoded)) return Buffer.from(encoded, 'base64');
  throw new Refused(
    '1 error occurred:\n\t* unable to get associated_data/additional_data from factory[0]: illegal base64 data at input byte 0\n\n',
    500,
  );
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function parse(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(`failed to decode JSON input: invalid character '${text.replace(/^\{/, '')[0] ?? ''}'`);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
