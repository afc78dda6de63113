import { dirname, resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { readBounded, UnreadableFile } from '../../../pack/reading/bounded-file.js';
import type { Problem } from '../../../pack/reading/problems.js';
import { type MapNode, plain, valueOrigin } from '../../../pack/reading/source-node.js';
import { parseYaml } from '../../../pack/reading/yaml-document.js';
import { InvalidWebConfig, problemsOf } from './problems.js';
import { tlsRemarks, userRemarks } from './remarks.js';
import { type TlsSection, webConfigSchema } from './schema.js';
import type { ServerTls } from './server-tls.js';
import { tls13Suites } from './tls-names.js';

/** The web configuration, with the content of all files that it names. */
export interface WebConfig {
  readonly tls?: ServerTls;
  readonly headers: Readonly<Record<string, string>>;
  /** User name to bcrypt hash; empty means no authentication. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit?: RateLimit;
  /** The file and all files that it names: when one changes, everything is read again. */
  readonly files: readonly string[];
  /** Settings of the file that this server handles differently. */
  readonly remarks: readonly string[];
}

export interface RateLimit {
  readonly intervalMs: number;
  readonly burst: number;
}

/** Plain HTTP for all clients that can reach the address. */
export const openWebConfig: WebConfig = { headers: {}, users: new Map(), files: [], remarks: [] };

/** Certificates and their chains take a few kilobytes. */
const MAX_FILE_BYTES = 1024 * 1024;

const empty = 'the file is empty: no TLS, and no password is asked for';

/** @throws {InvalidWebConfig} */
export function readWebConfig(file: string): WebConfig {
  const { root, problems } = parseYaml(file, readText(file));
  if (root === undefined) {
    if (problems.length > 0) throw new InvalidWebConfig(problems);
    return { ...openWebConfig, files: [file], remarks: [empty] };
  }
  const parsed = webConfigSchema.safeParse(plain(root));
  if (!parsed.success) throw new InvalidWebConfig(problemsOf(root, parsed.error.issues));
  const { tls_server_config: tls, http_server_config: http, basic_auth_users: users, rate_limit: limit } = parsed.data;
  const reading = tls == null ? undefined : new TlsReading(file, root);
  const serverTls = tls == null ? undefined : reading?.read(tls);
  return {
    ...(serverTls === undefined ? {} : { tls: serverTls }),
    headers: Object.fromEntries(Object.entries(http?.headers ?? {}).filter(([, value]) => value !== '')),
    users: new Map(Object.entries(users ?? {})),
    ...(limit == null || limit.interval === 0 ? {} : { rateLimit: { intervalMs: limit.interval, burst: limit.burst } }),
    files: [file, ...(reading?.files ?? [])],
    remarks: [
      ...(Object.values(parsed.data).every((section) => section == null) ? [empty] : []),
      ...(http?.http2 === true ? ['http2 is not offered; clients agree on HTTP/1.1'] : []),
      ...(serverTls === undefined ? [] : tlsRemarks(serverTls, new Date())),
      ...userRemarks(users ?? {}),
    ],
  };
}

function readText(file: string): string {
  try {
    // No pipe: it could not be read again, and what protects this server would be gone.
    return readBounded(file, MAX_FILE_BYTES).bytes.toString('utf8');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    const expected = error.expected === undefined ? {} : { expected: error.expected };
    throw new InvalidWebConfig([{ file, line: 0, column: 0, key: '', message: `it ${error.message}`, ...expected }]);
  }
}

type FileKey = 'cert_file' | 'key_file' | 'client_ca_file';

class TlsReading {
  readonly files: string[] = [];
  readonly #file: string;
  readonly #root: MapNode;
  readonly #problems: Problem[] = [];

  constructor(file: string, root: MapNode) {
    this.#file = file;
    this.#root = root;
  }

  read(tls: TlsSection): ServerTls {
    const cert = tls.cert ?? this.#pem('cert_file', tls.cert_file);
    const key = tls.key ?? this.#pem('key_file', tls.key_file);
    const ca = tls.client_ca ?? this.#pem('client_ca_file', tls.client_ca_file);
    const named = tls.cipher_suites.filter((suite) => !tls13Suites.some((always) => always === suite));
    const context: SecureContextOptions = {
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(ca === undefined ? {} : { ca }),
      minVersion: tls.min_version,
      maxVersion: tls.max_version,
      honorCipherOrder: tls.prefer_server_cipher_suites,
      ...(named.length === 0 ? {} : { ciphers: [...tls13Suites, ...named].join(':') }),
      ecdhCurve: tls.curve_preferences.length === 0 ? 'auto' : tls.curve_preferences.join(':'),
    };
    this.#refuse();
    this.#tryOut(context);
    this.#refuse();
    const sans = tls.client_allowed_sans;
    return { context, clientAuth: tls.client_auth_type, ...(sans === undefined ? {} : { allowedSans: sans }) };
  }

  /** Paths are relative to the file that names them, not to the working directory. */
  #pem(key: FileKey, name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const path = resolve(dirname(this.#file), name);
    this.files.push(path);
    try {
      return readBounded(path, MAX_FILE_BYTES).bytes.toString('utf8');
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      this.#report(key, `${path} ${error.message}`);
      return undefined;
    }
  }

  /** OpenSSL checks the certificates now, instead of at the first connection. */
  #tryOut(context: SecureContextOptions): void {
    const { cert, key, ca, ...policy } = context;
    const steps: readonly [key: keyof TlsSection, SecureContextOptions][] = [
      ['cert_file', cert === undefined ? {} : { cert }],
      ['key_file', cert === undefined || key === undefined ? {} : { cert, key }],
      ['client_ca_file', ca === undefined ? {} : { ca }],
      ['cipher_suites', policy],
    ];
    for (const [place, part] of steps) {
      try {
        createSecureContext(part);
      } catch (error) {
        this.#report(place, `cannot be used: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
  }

  #report(key: keyof TlsSection, message: string): void {
    const path = ['tls_server_config', key];
    this.#problems.push({ ...valueOrigin(this.#root, path), key: path.join('.'), message });
  }

  #refuse(): void {
    if (this.#problems.length > 0) throw new InvalidWebConfig(this.#problems);
  }
}
