import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DatabaseProvider as Description } from '../../../pack/encryption/model.js';
import { connectionConfig } from '../../runtime/postgres/address.js';
import { ProviderFailure } from './failure.js';
import type { Anatomy, Credential, Lasting, Parts, Provider, ProviderCall } from './provider.js';
import type { Reveal } from './reveal.js';
import { sqlFailure } from './sql-failure.js';

/** The modification detection code, a SHA-1, ends an OpenPGP message with integrity protection (RFC 4880, 5.14). */
const MDC_BYTES = 20;

/**
 * Functions of a database. Only the passphrase of the canary is ever sent, and still: a server that logs statements
 * with their parameters logs it. That is the server's setting (`log_parameter_max_length`), which only a superuser
 * can change for us.
 */
export class DatabaseFunctionsProvider implements Provider<Buffer> {
  readonly isSynchronous = false;
  /** Neither pgcrypto nor a function of two texts has a parameter for it. */
  readonly bindsContext = false;
  readonly anatomy: Anatomy<Buffer>;
  readonly lasting: Lasting<Buffer> = {
    versionOf: () => undefined,
    write: (sealed) => sealed.toString('base64'),
    read: (text) => Buffer.from(text, 'base64'),
  };
  readonly #is: Description;
  readonly #reveal: Reveal;
  readonly #timeoutMs: number;
  #client: pg.Client | undefined;
  #passphrase = '';
  #credential: Credential | undefined;
  #encrypt = '';
  #decrypt = '';

  constructor(description: Description, reveal: Reveal, timeoutMs: number) {
    this.#is = description;
    this.#reveal = reveal;
    this.#timeoutMs = timeoutMs;
    const anatomy = description.functions === undefined ? pgpAnatomy : opaqueAnatomy;
    this.anatomy = { ...anatomy, isConvergent: description.deterministic };
  }

  async open(signal: AbortSignal): Promise<void> {
    const { database } = this.#is;
    for (const secret of [database.url, database.password]) if (secret !== undefined) this.#reveal(secret);
    const client = new pg.Client({
      ...connectionConfig(database, 'kop-encryption-probe'),
      connectionTimeoutMillis: this.#timeoutMs,
      // The server itself ends statements that were abandoned.
      statement_timeout: Math.min(database.statementTimeoutMs, this.#timeoutMs),
    });
    // The connection failed between two calls; the next call reports it.
    client.on('error', () => undefined);
    this.#client = client;
    await this.#during(signal, 'connect', async () => {
      await client.connect();
      await this.#findFunctions(client);
      this.#credential = await credentialOf(client);
    });
    this.#passphrase = this.#reveal(this.#is.passphrase);
  }

  get credential(): Credential | undefined {
    return this.#credential;
  }

  async encrypt(plaintext: Buffer, _context: Buffer, { signal }: ProviderCall): Promise<Buffer> {
    return this.#run(signal, 'encrypt', this.#encrypt, [this.#input(plaintext), this.#passphrase, ...this.#options()]);
  }

  async decrypt(sealed: Buffer, _context: Buffer, { signal }: ProviderCall): Promise<Buffer> {
    return this.#run(signal, 'decrypt', this.#decrypt, [sealed, this.#passphrase]);
  }

  async decryptWithOtherKey(sealed: Buffer, _context: Buffer, { signal }: ProviderCall): Promise<Buffer> {
    return this.#run(signal, 'decrypt', this.#decrypt, [sealed, randomBytes(16).toString('hex')]);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#passphrase = '';
    await client?.end().catch(() => undefined);
  }

  async #findFunctions(client: pg.Client): Promise<void> {
    const { functions } = this.#is;
    if (functions !== undefined) {
      this.#encrypt = `select ${quoted(functions.encrypt)}($1::text, $2::text) as made`;
      this.#decrypt = `select ${quoted(functions.decrypt)}($1::bytea, $2::text) as made`;
      return;
    }
    const { rows } = await client.query<{ schema: string }>(
      "select n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgcrypto'",
    );
    const schema = rows[0]?.schema;
    if (schema === undefined) {
      throw new ProviderFailure('protocol', 'the extension pgcrypto is not installed in this database');
    }
    this.#encrypt = `select ${pg.escapeIdentifier(schema)}.pgp_sym_encrypt_bytea($1::bytea, $2::text, $3::text) as made`;
    this.#decrypt = `select ${pg.escapeIdentifier(schema)}.pgp_sym_decrypt_bytea($1::bytea, $2::text) as made`;
  }

  /** Functions of a schema take text; one of the same length that any encoding can hold. */
  #input(plaintext: Buffer): Buffer | string {
    return this.#is.functions === undefined ? plaintext : plaintext.toString('latin1');
  }

  #options(): readonly string[] {
    return this.#is.functions === undefined ? [this.#is.options] : [];
  }

  async #run(
    signal: AbortSignal,
    operation: 'encrypt' | 'decrypt',
    text: string,
    values: readonly unknown[],
  ): Promise<Buffer> {
    const client = this.#client;
    if (client === undefined) throw new ProviderFailure('unavailable', 'the provider is not open');
    const { rows } = await this.#during(signal, operation, () =>
      client.query<{ made: Buffer | string | null }>({ text, values: [...values] }),
    );
    const made = rows[0]?.made;
    if (made === undefined || made === null) throw new ProviderFailure('protocol', `${operation}: no value came back`);
    return typeof made === 'string' ? Buffer.from(made, 'latin1') : made;
  }

  /** An abandoned statement closes the connection: the driver cannot cancel it, and the next one would wait for it. */
  async #during<T>(
    signal: AbortSignal,
    operation: 'connect' | 'encrypt' | 'decrypt',
    work: () => Promise<T>,
  ): Promise<T> {
    const giveUp = () => {
      void this.#client?.end().catch(() => undefined);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await work();
    } catch (error) {
      if (signal.aborted && signal.reason instanceof ProviderFailure) throw signal.reason;
      throw await sqlFailure(error, operation);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

/** Until when the password of the role is valid. Without meaning if the role does not log in with a password. */
async function credentialOf(client: pg.Client): Promise<Credential> {
  const { rows } = await client.query<{ until: number | null }>(
    "select extract(epoch from nullif(rolvaliduntil, 'infinity'))::float8 as until from pg_roles where rolname = session_user",
  );
  const until = rows[0]?.until;
  return typeof until === 'number' ? { expiresAtSeconds: until } : 'endless';
}

const opaqueAnatomy: Anatomy<Buffer> = {
  dissect: (sealed) => ({ body: sealed }),
  assemble: ({ body }) => body,
};

/** What pgcrypto stores: a packet with the salt and the work factor, then one with everything else, encrypted. */
const pgpAnatomy: Anatomy<Buffer> = {
  dissect(sealed): Parts {
    const start = afterFirstPacket(sealed);
    const end = Math.max(start, sealed.length - MDC_BYTES);
    return { body: sealed.subarray(start, end), tag: sealed.subarray(end) };
  },
  assemble({ body, tag }, like) {
    return Buffer.concat([like.subarray(0, afterFirstPacket(like)), body, ...(tag === undefined ? [] : [tag])]);
  },
};

/** Both packets have headers of the new format with one length byte where they are short (RFC 4880, 4.2). */
function afterFirstPacket(sealed: Buffer): number {
  const length = sealed[1] ?? 0;
  const first = Math.min(2 + length, sealed.length);
  // Into the second packet's data, past its own header, so that a flipped bit hits what is encrypted.
  return Math.min(first + 8, sealed.length);
}

function quoted(name: string): string {
  return name.split('.').map(pg.escapeIdentifier).join('.');
}
