import { randomBytes } from 'node:crypto';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { COMPRESSED_BEGINNINGS } from '../../../../../exporters/encryption/scan/compressed.js';
import { ScanDatabase } from '../../../../../exporters/encryption/scan/database.js';
import type { CiphertextFormat, ScannedColumn } from '../../../../../pack/encryption/model.js';
import { Judge } from '../../../../support/encryption/judging.js';
import { access, run } from '../../../../support/encryption/scanning.js';
import { bytesOf, oneOfEach, textsOf, type Vector, vectors } from '../../../../support/encryption/vectors.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';
import { testExamples } from './examples.js';

let server: BorrowedServer;
let client: pg.Client;
let database: ScanDatabase;
let judge: Judge;

beforeAll(async () => {
  server = await borrowPostgres();
  await run(server.adminUrl, 'create extension pgcrypto');
  client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  database = new ScanDatabase(access(server.adminUrl));
  judge = new Judge(client, database);
}, 60_000);

afterAll(async () => {
  await database?.close();
  await client?.end();
  await server?.close();
});

// Thousands of values each: a loaded machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

type Value = string | Buffer;

interface Subject {
  readonly name: string;
  readonly format: CiphertextFormat;
  readonly type: 'text' | 'bytea' | 'jsonb';
  readonly file: string;
  readonly valueOf: (vector: Vector) => Value | undefined;
  /** A cut that leaves whole groups of Base64 shows only to who knows how long plaintexts are. */
  readonly holdsNoLength?: boolean;
  readonly rest?: Partial<ScannedColumn>;
}

const text = ({ text: value }: Vector) => value;
const bytes = ({ base64 }: Vector) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'));
const hex = ({ base64 }: Vector) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex'));
const json = ({ json: value }: Vector) => (value === undefined ? undefined : JSON.stringify(value));
const jsonBytes = ({ json: value }: Vector) => (value === undefined ? undefined : Buffer.from(JSON.stringify(value)));
/** The line end behind armour is no part of it. */
const armour = ({ text: value }: Vector) => value?.trimEnd();

const kingston = { kind: 'kingston-jsonb' } as const;
const esdk = { kind: 'aws-esdk' } as const;
const pgp = { kind: 'pgp' } as const;

const subjects: readonly Subject[] = [
  { name: 'Kingston in text', format: kingston, type: 'text', file: 'kingston-jsonb', valueOf: json },
  { name: 'Kingston in jsonb', format: kingston, type: 'jsonb', file: 'kingston-jsonb', valueOf: json },
  { name: 'Kingston in bytea', format: kingston, type: 'bytea', file: 'kingston-jsonb', valueOf: jsonBytes },
  {
    name: "Vault's transit",
    format: { kind: 'transit' },
    type: 'text',
    file: 'transit',
    valueOf: text,
    holdsNoLength: true,
  },
  { name: 'Fernet', format: { kind: 'fernet' }, type: 'text', file: 'fernet', valueOf: text, holdsNoLength: true },
  {
    name: 'CipherSweet',
    format: { kind: 'ciphersweet' },
    type: 'text',
    file: 'ciphersweet',
    valueOf: text,
    holdsNoLength: true,
  },
  { name: 'AWS Encryption SDK', format: esdk, type: 'bytea', file: 'aws-esdk', valueOf: bytes },
  {
    name: 'AWS Encryption SDK in Base64',
    format: esdk,
    type: 'text',
    file: 'aws-esdk',
    valueOf: ({ base64 }) => base64,
  },
  { name: 'OpenPGP.js', format: pgp, type: 'bytea', file: 'openpgp', valueOf: bytes },
  { name: 'OpenPGP.js in armour', format: pgp, type: 'text', file: 'openpgp', valueOf: armour },
  { name: 'GnuPG', format: pgp, type: 'bytea', file: 'gnupg', valueOf: bytes },
  { name: 'GnuPG in hex', format: pgp, type: 'text', file: 'gnupg', valueOf: hex, rest: { encoding: 'hex' } },
];

const only = (subject: Subject, vector: Vector): Value => {
  const value = subject.valueOf(vector);
  if (value === undefined) throw new Error(`${subject.name}: the vector has no such value`);
  return value;
};

/** Values that are taken for whole ones: `encrypted`, or the word for a whole one in an encoding. */
async function passed(
  { format, type }: Pick<Subject, 'format' | 'type'>,
  values: readonly Value[],
  rest: Partial<ScannedColumn> = {},
): Promise<number[]> {
  const counted = ['encrypted', 'wrapped'];
  const states = await judge.states(format, type, values, rest, counted);
  return states.flatMap((state, index) => (counted.includes(state) ? [index] : []));
}

/** Without those that take nothing but the padding, which is no part of what Base64 says. */
function cutsOf(value: Value): Value[] {
  const length = typeof value === 'string' ? value.replace(/=+$/, '').length : value.length;
  return Array.from({ length: length - 1 }, (_, index) => value.slice(0, index + 1));
}

const samples = (subject: Subject) =>
  oneOfEach(vectors(subject.file), 25).filter((vector) => only(subject, vector).length < 3000);

/** What cannot happen to a form has no test there, rather than one that is skipped. */
function testWhere(applies: boolean, name: string, run: () => Promise<void>, timeoutMs?: number): void {
  if (applies) test(name, run, timeoutMs);
}

describe.each(subjects)('$name', (subject) => {
  const { format, type, rest = {}, holdsNoLength = false } = subject;

  test('every genuine value is encrypted', async () => {
    const all = vectors(subject.file);
    const states = await judge.states(
      format,
      type,
      all.map((vector) => only(subject, vector)),
      rest,
    );
    const wrong = states.map((state, index) => [state, all[index]?.variant, all[index]?.plaintext]);
    expect(wrong.filter(([state]) => state !== 'encrypted')).toEqual([]);
  });

  testWhere(type !== 'jsonb' && !holdsNoLength, 'none that was cut is, wherever it was cut', async () => {
    const values = samples(subject).map((vector) => only(subject, vector));
    expect(values.length).toBeGreaterThan(0);
    expect(await passed(subject, values.flatMap(cutsOf), rest)).toEqual([]);
  });

  testWhere(holdsNoLength, 'none that was cut is, where the length of plaintexts is told', async () => {
    // What RSA makes is of one length, whatever the plaintext. CipherSweet in JavaScript writes Latin-1.
    const ascii = vectors(subject.file).filter(({ plaintext }) => /^[ -~]*$/.test(plaintext));
    for (const vector of oneOfEach(ascii, 25).filter(({ variant }) => !variant.startsWith('rsa'))) {
      const value = only(subject, vector);
      const length = Buffer.byteLength(vector.plaintext);
      const plaintextBytes = { min: length, max: length };
      expect(await passed(subject, [value], { plaintextBytes })).toEqual([0]);
      expect(await passed(subject, cutsOf(value), { plaintextBytes }), vector.variant).toEqual([]);
      // Without it, nothing but whole groups of Base64 is left.
      const head = String(value).lastIndexOf(':') + 1;
      const amidGroups = cutsOf(value).filter((_, index) => (index + 1 - head) % 4 !== 0);
      expect(await passed(subject, amidGroups)).toEqual([]);
    }
  });

  testWhere(type !== 'jsonb', 'none is whose end was replaced by readable text', async () => {
    const readable = 'Müller Anna, Hauptstraße 12, 80331 München; Ольга Иванова, Невский проспект; '.repeat(40);
    const values = samples(subject)
      .slice(0, 6)
      .map((vector) => only(subject, vector));
    const behind = values.flatMap((value) =>
      cutsOf(value).map((cut) =>
        Buffer.isBuffer(cut)
          ? Buffer.concat([cut, Buffer.from(readable).subarray(0, 60)])
          : `${cut}${readable.slice(0, 60)}`,
      ),
    );
    expect(await passed(subject, behind, rest)).toEqual([]);
    if (format === kingston) return;
    // As long as it was, so that every length in it is right: 32 bytes tell text from chance.
    const instead = values.flatMap((value) =>
      cutsOf(value).flatMap((cut) =>
        Buffer.isBuffer(cut) && cut.length <= value.length - 32
          ? [Buffer.concat([cut, Buffer.from(readable).subarray(0, value.length - cut.length)])]
          : [],
      ),
    );
    expect(await passed(subject, instead, rest)).toEqual([]);
  });

  testWhere(type !== 'jsonb' && rest.encoding === undefined, 'in another encoding it is told as such', async () => {
    const all = vectors(subject.file).slice(0, 40);
    const isBinary = format === esdk || format === pgp;
    const raw = all.map((vector) => {
      const value = isBinary ? bytes(vector) : only(subject, vector);
      return Buffer.isBuffer(value) ? value : Buffer.from(value ?? '');
    });
    const ways: Readonly<Record<string, (value: Buffer) => string>> = {
      hex: (value) => value.toString('hex'),
      'a bytea as text': (value) => `\\x${value.toString('hex')}`,
      'Base64 of Base64': (value) => Buffer.from(value.toString('base64')).toString('base64'),
      'Base64 of the URL': (value) => value.toString('base64url'),
      'hex of Base64': (value) => Buffer.from(value.toString('base64')).toString('hex'),
      // Of bytes in a text, Base64 is how they are written.
      ...(isBinary && type === 'text' ? {} : { Base64: (value: Buffer) => value.toString('base64') }),
      ...(isBinary ? {} : { 'quoted as JSON': (value: Buffer) => JSON.stringify(value.toString()) }),
    };
    for (const [name, encode] of Object.entries(ways)) {
      const values = raw.map(encode).map((value) => (type === 'bytea' ? Buffer.from(value) : value));
      expect(new Set(await judge.states(format, type, values, rest)), name).toEqual(new Set(['wrapped']));
      // Halves of hex and Base64 are hex and Base64.
      const halves = values.map((value) => value.slice(0, Math.floor(value.length / 8) * 4));
      const encrypted = await judge.states(format, type, halves, rest, ['encrypted']);
      expect(new Set(encrypted), `${name}, cut`).not.toContain('encrypted');
    }
  });
});

describe('pgcrypto', () => {
  const options = [
    '',
    'compress-algo=1',
    'cipher-algo=aes256, s2k-mode=0',
    'disable-mdc=1',
    'sess-key=1',
    'convert-crlf=1, cipher-algo=bf',
    'unicode-mode=1, s2k-count=2000',
  ];

  test('every value is encrypted, and none that was cut', async () => {
    const all = vectors('fernet').map(({ plaintext }) => plaintext);
    const plaintexts = [...all, ...['x'.repeat(300), 'y'.repeat(9000), 'z'.repeat(100_000)]];
    const { rows } = await client.query<{ sealed: Buffer }>(
      `select pgp_sym_encrypt(p, 'canary', o) as sealed from unnest($1::text[]) p, unnest($2::text[]) o`,
      [plaintexts, options],
    );
    const values = rows.map(({ sealed }) => sealed);
    expect(values.length).toBe(plaintexts.length * options.length);
    expect(new Set(await judge.states(pgp, 'bytea', values))).toEqual(new Set(['encrypted']));
    const short = values.filter(({ length }) => length < 3000).slice(0, options.length * 3);
    expect(await passed({ format: pgp, type: 'bytea' }, short.flatMap(cutsOf))).toEqual([]);
  });
});

test('a thousand values with random keys, of each form that Node.js can make, are all encrypted', async () => {
  const { fernet, kingston: field, transit } = await import('../../../../support/encryption/ciphertexts.js');
  const count = 1000;
  const make = (one: (index: number) => string) => Array.from({ length: count }, (_, index) => one(index));
  const forms: readonly (readonly [CiphertextFormat, string[]])[] = [
    [kingston, make((index) => JSON.stringify(field('x'.repeat(index % 60))))],
    [{ kind: 'transit' }, make((index) => transit(1, 28 + (index % 60)))],
    [{ kind: 'fernet' }, make((index) => fernet('x'.repeat(index % 60)))],
  ];
  for (const [format, values] of forms) {
    expect(new Set(await judge.states(format, 'text', values))).toEqual(new Set(['encrypted']));
  }
});

describe('documents', () => {
  const genuine = vectors('kingston-jsonb').find(({ variant }) => variant === 'AES-256-GCM')?.json ?? {};
  const states = (values: readonly unknown[]) =>
    judge.states(
      kingston,
      'jsonb',
      values.map((value) => JSON.stringify(value)),
    );
  const around = (bytes: Buffer) => ({ ...genuine, ciphertext: bytes.toString('base64') });

  test('only known algorithms encrypt', async () => {
    const known = ['AES-256-GCM', 'aes_128_gcm', 'AES/GCM/NoPadding', 'A256GCM', 'AES', 'ChaCha20-Poly1305', 'SM4-GCM'];
    const modulus = ['RSA-OAEP-256', 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding', 'RSAES_OAEP_SHA_256', 'RSA1_5', 'RSA'];
    const ofRsa = vectors('kingston-jsonb').find(({ variant }) => variant === 'RSA-OAEP-256')?.json;
    const sealed = modulus.map((algorithm) => ({ ...ofRsa, algorithm, nonce: '' }));
    expect(new Set(await states(sealed))).toEqual(new Set(['encrypted']));
    const none = [
      'none',
      'None',
      'base64',
      'BASE-64',
      'plaintext',
      'plain',
      'null',
      'rot13',
      'identity',
      'SHA-256',
      'hex',
      '',
    ];
    const other = ['none of your business', 'kingston', 'AES-256-FOO', 'XOR-512'];
    const of = (names: readonly string[]) => states(names.map((algorithm) => ({ ...genuine, algorithm })));
    expect(new Set(await of(known))).toEqual(new Set(['encrypted']));
    expect(new Set(await of(none))).toEqual(new Set(['plaintext_suspect']));
    expect(new Set(await of(other))).toEqual(new Set(['malformed']));
  });

  test('readable text inside a whole form is plain text, whatever script it is in', async () => {
    const readable = [
      'Müller Anna, Hauptstraße 12, 80331 München',
      'Anna Müller 1980-04-01 xx',
      'Ольга Иванова, Невский проспект, дом 28',
      '山田太郎、東京都千代田区千代田一丁目一番地',
      'line one\nline two\tand a third\r\n',
      '{"name": "Anna", "surname": "Müller"}',
    ];
    expect(new Set(await states(readable.map((each) => around(Buffer.from(each)))))).toEqual(
      new Set(['plaintext_suspect']),
    );
    const wides = [
      'Müller Anna, Hauptstraße 12',
      'Ольга Иванова, Невский проспект',
      'Αλεξάνδρα Παπαδοπούλου',
      'ŁÓDŹ—“Ł”'.repeat(3),
    ];
    const utf16 = wides.map((each) => Buffer.from(each, 'utf16le'));
    expect(new Set(await states([...utf16, ...utf16.map((each) => Buffer.from(each).swap16())].map(around)))).toEqual(
      new Set(['plaintext_suspect']),
    );
    const wide = around(Buffer.from('Müller Anna, Hauptstraße 12', 'utf16le'));
    const signed = around(Buffer.concat([Buffer.from(readable[0] ?? ''), Buffer.alloc(16, 0xd7)]));
    const twice = around(Buffer.from(Buffer.from(readable[0] ?? '').toString('base64')));
    expect(await states([wide, signed, twice])).toEqual(Array<string>(3).fill('plaintext_suspect'));
  });

  test('a ciphertext inside the form of another one was encoded twice', async () => {
    const sealed = Buffer.from(genuine.ciphertext ?? '', 'base64');
    const values = [
      { ...genuine, ciphertext: Buffer.concat([sealed, sealed]).toString('hex') },
      around(Buffer.from(vectors('transit')[3]?.text ?? '')),
      around(Buffer.from(JSON.stringify(genuine))),
    ];
    expect(await states(values)).toEqual(Array<string>(values.length).fill('wrapped'));
  });

  test('a plaintext of another length than any can have was cut, or encrypted twice', async () => {
    const rest = { plaintextBytes: { min: 9, max: 9 } };
    // What RSA makes is of one length, whatever the plaintext.
    const of = (plaintext: string) =>
      vectors('kingston-jsonb').filter((each) => each.plaintext === plaintext && !each.variant.startsWith('RSA'));
    const judged = (plaintext: string) =>
      judge.states(
        kingston,
        'jsonb',
        of(plaintext).map((each) => JSON.stringify(each.json)),
        rest,
      );
    expect(new Set(await judged('QQ123456C'))).toEqual(new Set(['encrypted']));
    expect(new Set(await judged('+44 20 7946 0958'))).toEqual(new Set(['wrapped']));
    const short = of('x').filter(({ variant }) => variant !== 'AES-256-CBC');
    const found = await judge.states(
      kingston,
      'jsonb',
      short.map((each) => JSON.stringify(each.json)),
      rest,
    );
    expect(new Set(found)).toEqual(new Set(['malformed']));
  });
});

describe('compressed text inside a whole form', () => {
  const short = Buffer.from('Müller Anna, Hauptstraße 12, 80331 München');
  const long = Buffer.from(
    vectors('fernet')
      .map(({ plaintext }) => plaintext)
      .join('; ')
      .repeat(300),
  );
  const ways: Readonly<Record<string, (text: Buffer) => Buffer>> = {
    gzip: (each) => gzipSync(each),
    ...Object.fromEntries(
      [1, 5, 6, 9].map((level) => [`zlib ${level}`, (each: Buffer) => deflateSync(each, { level })]),
    ),
    'zlib, not compressed': (each) => deflateSync(each, { level: 0 }),
    zstd: (each) => Buffer.concat([Buffer.from('28b52ffd', 'hex'), each]),
  };
  const headless: typeof ways = {
    'raw deflate': (each) => deflateRawSync(each),
    Brotli: (each) => brotliCompressSync(each, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  };
  const timestamped = Buffer.from(vectors('fernet')[0]?.text ?? '', 'base64url').subarray(0, 9);
  const packed = (by: typeof ways) => Object.values(by).flatMap((pack) => [short, long].map(pack));
  const encoded = (bytes: Buffer) => bytes.toString('base64');
  const safe = (bytes: Buffer) => encoded(bytes).replaceAll('+', '-').replaceAll('/', '_');
  const suspects = (values: readonly unknown[]) => values.map(() => 'plaintext_suspect');

  test.each([
    [
      'kingston-jsonb',
      (bytes: Buffer) =>
        JSON.stringify({
          algorithm: 'AES-256-GCM',
          ciphertext: encoded(bytes),
          nonce: encoded(randomBytes(12)),
          key_version: 'v3',
        }),
    ],
    ['transit', (bytes: Buffer) => `vault:v3:${encoded(Buffer.concat([randomBytes(12), bytes]))}`],
    ['transit', (bytes: Buffer) => `vault:v3:${encoded(bytes)}`],
    ['ciphersweet', (bytes: Buffer) => `brng:${safe(Buffer.concat([randomBytes(56), bytes]))}`],
    [
      'fernet',
      (bytes: Buffer) =>
        safe(Buffer.concat([timestamped, randomBytes(16), bytes, randomBytes(16 - (bytes.length % 16) + 32)])),
    ],
  ] as const)('of %s is plain text, and random bytes that begin alike are not', async (kind, around) => {
    const values = packed(ways).map(around);
    expect(await judge.states({ kind }, 'text', values)).toEqual(suspects(values));
    // Longer heads than zlib's go on otherwise here, so that none is made by chance.
    const random = COMPRESSED_BEGINNINGS.flatMap((each) =>
      [40, 5000].map((size) =>
        around(Buffer.concat([Buffer.from(each.startsWith('78') ? each : `${each}00`, 'hex'), randomBytes(size)])),
      ),
    );
    expect(new Set(await judge.states({ kind }, 'text', random))).toEqual(new Set(['encrypted']));
  });

  test('of a form of your own it is, without a head too', async () => {
    const format = { kind: 'regex', pattern: 'enc:(?<ciphertext>[A-Za-z0-9+/]*={0,2})' } as const;
    const values = [...packed(ways), ...packed(headless)].map((each) => `enc:${encoded(each)}`);
    expect(await judge.states(format, 'text', values)).toEqual(suspects(values));
    const firsts = Array.from({ length: 256 }, (_, first) => Buffer.concat([Buffer.from([first]), randomBytes(60)]));
    const random = [...firsts, ...firsts.map((each) => Buffer.concat([each, randomBytes(2000)]))];
    expect(
      new Set(
        await judge.states(
          format,
          'text',
          random.map((each) => `enc:${encoded(each)}`),
        ),
      ),
    ).toEqual(new Set(['encrypted']));
  });
});

test('readable text inside a form of your own is plain text, in whatever script and encoding', async () => {
  const readable = ['Müller Anna, Hauptstraße 12', 'Ольга Иванова, Невский проспект', 'محمد بن سلمان بن عبد العزيز'];
  const format = { kind: 'regex', pattern: 'enc:(?<ciphertext>.+)' } as const;
  const utf16 = readable.map((each) => Buffer.from(each, 'utf16le'));
  const wide = [...utf16, ...utf16.map((each) => Buffer.from(each).swap16())];
  const bytes = [...readable.map((each) => Buffer.from(each)), ...wide];
  const inText = [...readable, ...bytes.flatMap((each) => [each.toString('base64'), each.toString('hex')])];
  expect(
    new Set(
      await judge.states(
        format,
        'text',
        inText.map((each) => `enc:${each}`),
      ),
    ),
  ).toEqual(new Set(['plaintext_suspect']));
  const inBytes = bytes.map((each) => Buffer.concat([Buffer.from('enc:'), each]));
  expect(new Set(await judge.states(format, 'bytea', inBytes))).toEqual(new Set(['plaintext_suspect']));
});

describe('an expression on bytes', () => {
  const tink = vectors('tink').filter(({ variant }) => variant === 'AES256_GCM');
  const format = { kind: 'regex', pattern: '\\x01.{4}(?<nonce>.{12})(?<ciphertext>.{16,})' } as const;

  test('sees each byte as one character, line ends among them', async () => {
    expect(new Set(await judge.states(format, 'bytea', bytesOf(tink)))).toEqual(new Set(['encrypted']));
    const { rows } = await client.query<{ v: Buffer }>(
      `select '\\x0101020304'::bytea || gen_random_bytes(60) as v from generate_series(1, 2000)`,
    );
    const values = rows.map(({ v }) => v);
    expect(values.some((value) => value.includes(10))).toBe(true);
    expect(new Set(await judge.states(format, 'bytea', values))).toEqual(new Set(['encrypted']));
  });

  test('a group `ciphertext` is not readable, and what was written as text is told', async () => {
    const [first = Buffer.alloc(0)] = bytesOf(tink);
    const plain = Buffer.concat([first.subarray(0, 17), Buffer.from('Müller Anna, Hauptstraße 12')]);
    const written = Buffer.from(`\\x${first.toString('hex')}`);
    expect(await judge.states(format, 'bytea', [plain, written, Buffer.from('QQ123456C')])).toEqual([
      'plaintext_suspect',
      'wrapped',
      'plaintext_suspect',
    ]);
  });

  test('texts are not read as bytes', async () => {
    expect(new Set(await judge.states(format, 'text', textsOf(vectors('jwe')).slice(0, 5)))).toEqual(
      new Set(['plaintext_suspect']),
    );
  });
});

describe('the examples of the handbook', () => testExamples(() => judge));
