/** Values that are so short that one readable one may be chance: the column is judged, in each form that may hold one. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../../demo/postgres/index.js';
import type { CiphertextFormat } from '../../../../../pack/encryption/model.js';
import { column, run, scanNow, scanOf } from '../../../../support/encryption/scanning.js';

let server: PostgresServer;
let client: pg.Client;
let tables = 0;

beforeAll(async () => {
  server = await startPostgres();
  client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
}, 60_000);

afterAll(async () => {
  await client?.end();
  await server?.close();
});

async function statesOf(format: CiphertextFormat, type: string, values: readonly (string | Buffer)[]) {
  tables += 1;
  const table = `public.short_${tables}`;
  await run(server.adminUrl, `create table ${table} (id int primary key, value ${type})`);
  const given = type === 'bytea' ? 'bytea' : 'text';
  await client.query(
    `insert into ${table} select i, v::${type} from unnest($1::${given}[]) with ordinality as u (v, i)`,
    [values],
  );
  const [outcome] = await scanNow(scanOf(server.adminUrl, [column(table, format)]));
  if (outcome?.verdict === undefined) throw new Error(outcome?.problem ?? 'no outcome');
  const { encrypted, plaintext_suspect } = outcome.verdict.states;
  return { encrypted, plaintext_suspect };
}

const ROWS = 600;
const rows = <T>(of: (row: number) => T) => Array.from({ length: ROWS }, (_, row) => of(row));
/** Names, mail addresses, telephone numbers and streets of 16 to 20 bytes, each another one. */
const short = rows((row) => {
  const number = String(1000 + row);
  return Buffer.from(
    [`Müller Anna ${number}`, `a.${number}@example.com`, `+49 89 123 ${number}0`, `Parkstraße ${number}, B`][row % 4] ??
      '',
  );
});
const nonce = () => randomBytes(12);
const envelope = (ciphertext: Buffer, rest: Record<string, unknown> = {}) =>
  JSON.stringify({
    algorithm: 'AES-256-GCM',
    ciphertext: ciphertext.toString('base64'),
    nonce: nonce().toString('base64'),
    key_version: 'v1',
    ...rest,
  });
const url = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
const padded = (bytes: Buffer) => {
  const count = 16 - (bytes.length % 16);
  return Buffer.concat([bytes, Buffer.alloc(count, count)]);
};

interface Form {
  readonly name: string;
  readonly format: CiphertextFormat;
  readonly type: string;
  /** @param content what a cipher makes of a text, or the text itself. */
  readonly around: (content: Buffer) => string | Buffer;
  /** What becomes of a text before a cipher gets it. */
  readonly prepared?: (text: Buffer) => Buffer;
}

const kingston = { kind: 'kingston-jsonb' } as const;
const regex = (pattern: string) => ({ kind: 'regex', pattern }) as const;
const forms: readonly Form[] = [
  { name: 'kingston-jsonb', format: kingston, type: 'jsonb', around: (content) => envelope(content) },
  {
    name: 'kingston-jsonb before a tag',
    format: kingston,
    type: 'jsonb',
    around: (content) => envelope(Buffer.concat([content, randomBytes(16)])),
  },
  {
    name: 'kingston-jsonb with a tag of its own',
    format: kingston,
    type: 'jsonb',
    around: (content) => envelope(content, { tag: randomBytes(16).toString('base64') }),
  },
  {
    name: 'kingston-jsonb in CBC',
    format: kingston,
    type: 'jsonb',
    around: (content) => envelope(content, { algorithm: 'AES-256-CBC', nonce: randomBytes(16).toString('base64') }),
    prepared: padded,
  },
  {
    name: 'transit',
    format: { kind: 'transit' },
    type: 'text',
    around: (content) => `vault:v1:${Buffer.concat([nonce(), content, randomBytes(16)]).toString('base64')}`,
  },
  {
    name: 'fernet',
    format: { kind: 'fernet' },
    type: 'text',
    around: (content) =>
      url(Buffer.concat([Buffer.from('8000000000', 'hex'), randomBytes(20), content, randomBytes(32)])),
    prepared: padded,
  },
  {
    name: 'ciphersweet, nacl',
    format: { kind: 'ciphersweet' },
    type: 'text',
    around: (content) => `nacl:${url(Buffer.concat([randomBytes(24), content, randomBytes(16)]))}`,
  },
  {
    name: 'ciphersweet, fips',
    format: { kind: 'ciphersweet' },
    type: 'text',
    around: (content) => `fips:${url(Buffer.concat([randomBytes(96), content]))}`,
  },
  {
    name: 'a regex with the group',
    format: regex('enc:(?<ciphertext>[A-Za-z0-9+/=]+)'),
    type: 'text',
    around: (content) => `enc:${content.toString('base64')}`,
  },
  {
    name: 'a regex without the group, Base64',
    format: regex('enc:[A-Za-z0-9+/=]+'),
    type: 'text',
    around: (content) => `enc:${content.toString('base64')}`,
  },
  {
    name: 'a regex without the group, hex',
    format: regex('[0-9a-f]+'),
    type: 'text',
    around: (content) => content.toString('hex'),
  },
  { name: 'a regex without the group, bytes', format: regex('.+'), type: 'bytea', around: (content) => content },
];

describe.each(forms)('$name', ({ format, type, around, prepared = (text) => text }) => {
  const contents = short.map(prepared);

  test('short texts that are all different are plain text', async () => {
    expect(await statesOf(format, type, contents.map(around))).toEqual({ encrypted: 0, plaintext_suspect: ROWS });
  });

  test('random bytes of these lengths are not', async () => {
    const random = contents.map(({ length }) => around(randomBytes(length)));
    expect(await statesOf(format, type, random)).toEqual({ encrypted: ROWS, plaintext_suspect: 0 });
  });

  test('ten texts among them are counted', async () => {
    const mixed = contents.map((text, row) => around(row % 60 === 0 ? text : randomBytes(text.length)));
    const { encrypted, plaintext_suspect: found } = await statesOf(format, type, mixed);
    // Among 590 random values one reads as text by chance, once in some hundred runs, and is then counted with them.
    expect([10, 11]).toContain(found);
    expect(encrypted + found).toBe(ROWS);
  });
});

test('a deterministic column of a few ciphertexts is not suspected, however short they are', async () => {
  const few = [randomBytes(2), randomBytes(2), randomBytes(3)];
  const values = rows((row) =>
    envelope(few[row % 3] ?? Buffer.alloc(0), {
      algorithm: 'AES-256-CTR',
      nonce: Buffer.alloc(16, 7).toString('base64'),
    }),
  );
  expect(await statesOf(kingston, 'jsonb', values)).toEqual({ encrypted: ROWS, plaintext_suspect: 0 });
});

type Case = readonly [what: string, pattern: string, type: string, of: (row: number) => string | Buffer];

describe('a regex without the group `ciphertext` judges the whole match', () => {
  const text = (row: number) => `Müller Anna, geb. 1980-01-02, Hauptstraße ${row}, 80331 München`;
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  const hex = (bytes: Buffer) => bytes.toString('hex');
  const all = (state: 'encrypted' | 'plaintext_suspect') => ({ encrypted: 0, plaintext_suspect: 0, [state]: 5 });
  const five = <T>(of: (row: number) => T) => [1, 2, 3, 4, 5].map(of);

  test.each<Case>([
    ['bytes', '.{28}.+', 'bytea', (row: number) => Buffer.from(text(row))],
    [
      'bytes behind a head',
      '.{28}.+',
      'bytea',
      (row: number) => Buffer.concat([randomBytes(40), Buffer.from(text(row))]),
    ],
    ['text', '.{28}.+', 'text', text],
    ['an address', '.{20}.+', 'text', (row: number) => `anna.mueller.${row}@mail.example.com`],
    ['an address of another script', '.{20}.+', 'text', (row: number) => `jürgen.grün+${row}@bücher-straße.example`],
    [
      'two lines of a note',
      '[^]{20}[^]+',
      'text',
      (row: number) => `Name:Anna.Müller,Nr.${row}\nMail:a.mueller@example.com`,
    ],
    ['Base64', '[A-Za-z0-9+/=]+', 'text', (row: number) => base64(Buffer.from(text(row)))],
    ['Base64 behind a prefix', 'enc:[A-Za-z0-9+/=]+', 'text', (row: number) => `enc:${base64(Buffer.from(text(row)))}`],
    ['Base64 behind a name', '.+', 'text', (row: number) => `production-main-key:${base64(Buffer.from(text(row)))}`],
    ['hex', '[0-9a-f]+', 'text', (row: number) => hex(Buffer.from(text(row)))],
    ['hex in pairs', '[0-9a-f:]+', 'text', (row: number) => hex(Buffer.from(text(row))).replace(/..(?!$)/g, '$&:')],
    ['Base64 in bytes', '.+', 'bytea', (row: number) => Buffer.from(base64(Buffer.from(text(row))))],
  ])('%s of a text are plain text', async (_, pattern, type, of) => {
    expect(await statesOf(regex(pattern), type, five(of))).toEqual(all('plaintext_suspect'));
  });

  const sealed = () => randomBytes(60);
  const ascii85 = (bytes: Buffer) => [...bytes].map((byte) => String.fromCharCode(33 + (byte % 85))).join('');
  const header = url(Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"main"}')).replaceAll('=', '');
  test.each<Case>([
    ['bytes', '.{28}.+', 'bytea', sealed],
    [
      'bytes behind a readable head',
      '.+',
      'bytea',
      () => Buffer.concat([Buffer.from('key:production-main-2024-01:'), sealed()]),
    ],
    ['Base64', '[A-Za-z0-9+/=]+', 'text', () => base64(sealed())],
    ['Base64 behind a name', '.+', 'text', () => `production-main-key:${base64(sealed())}`],
    ['hex', '[0-9a-f]+', 'text', () => hex(sealed())],
    ['hex in pairs', '[0-9a-f:]+', 'text', () => hex(sealed()).replace(/..(?!$)/g, '$&:')],
    ['a readable header and Base64', '.+', 'text', () => `${header}..${url(sealed())}.${url(randomBytes(16))}`],
    ['Base64 in bytes', '.+', 'bytea', () => Buffer.from(base64(sealed()))],
    ['Ascii85', '.+', 'text', () => ascii85(sealed())],
    ['Ascii85 that resembles an address', '.+', 'text', () => `${ascii85(sealed()).replaceAll(/[@.]/g, '(')}@(h.st`],
    ['Ascii85 in lines', '[^]+', 'text', () => ascii85(randomBytes(150)).replace(/.{64}/g, '$&\n')],
  ])('%s of a ciphertext are encrypted', async (_, pattern, type, of) => {
    expect(await statesOf(regex(pattern), type, five(of))).toEqual(all('encrypted'));
  });
});
