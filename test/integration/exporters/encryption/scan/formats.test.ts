import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveColumn } from '../../../../../exporters/encryption/scan/column.js';
import { ScanDatabase } from '../../../../../exporters/encryption/scan/database.js';
import { readerFor } from '../../../../../exporters/encryption/scan/reader.js';
import { addBatch, emptyTally } from '../../../../../exporters/encryption/scan/tally.js';
import { judge } from '../../../../../exporters/encryption/scan/verdict.js';
import type { CiphertextFormat } from '../../../../../pack/encryption/model.js';
import { ciphersweet, fernet, kingston, transit } from '../../../../support/encryption/ciphertexts.js';
import { access, column, run } from '../../../../support/encryption/scanning.js';
import { vectors } from '../../../../support/encryption/vectors.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

/** What the rows of every format may hold by mistake. */
const plain = [
  'QQ123456C',
  'QQ 12 34 56 C',
  '07700 900123',
  '1980-04-01',
  'x',
  Buffer.from('QQ123456C').toString('base64'),
];
const readable = Buffer.from('12 High Street, Kingston upon Thames, KT1 1AA');

let server: BorrowedServer;
let client: pg.Client;
let database: ScanDatabase;
let tables = 0;

beforeAll(async () => {
  server = await borrowPostgres();
  await run(server.adminUrl, 'create extension pgcrypto');
  client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  database = new ScanDatabase(access(server.adminUrl));
}, 60_000);

afterAll(async () => {
  await database?.close();
  await client?.end();
  await server?.close();
});

/** The states of the given values, each alone in its batch, in their order. */
async function statesOf(format: CiphertextFormat, type: string, values: readonly unknown[]): Promise<string[]> {
  tables += 1;
  const table = `public.values_${tables}`;
  await client.query(`create table ${table} (id int primary key, value ${type})`);
  const given = type === 'bytea' ? 'bytea' : 'text';
  await client.query(
    `insert into ${table} select i, v::${type} from unnest($1::${given}[]) with ordinality as u (v, i)`,
    [values],
  );
  const judged = column(table, format);
  return database.look(new AbortController().signal, async (query) => {
    const reader = readerFor(await resolveColumn(query, judged), '1');
    const states: string[] = [];
    let after: string | undefined;
    for (;;) {
      const batch = await reader.next(query, after, 1);
      if (batch === undefined) return states;
      const tally = emptyTally();
      addBatch(tally, batch);
      const found = Object.entries(judge(tally, judged, {}).states).filter(([, rows]) => rows > 0);
      states.push(found.map(([state, rows]) => (rows === 1 ? state : `${state} ${rows}`)).join());
      after = batch.last;
    }
  });
}

type Row = readonly [state: string, value: unknown];

async function check(format: CiphertextFormat, type: string, rows: readonly Row[]): Promise<void> {
  const found = await statesOf(
    format,
    type,
    rows.map(([, value]) => value),
  );
  const shown = rows.map(([, value]) =>
    (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)).slice(0, 60),
  );
  expect(found.map((state, index) => `${state} ${shown[index]}`)).toEqual(
    rows.map(([state], index) => `${state} ${shown[index]}`),
  );
}

const suspects = (values: readonly unknown[]): Row[] => values.map((value) => ['plaintext_suspect', value]);

describe('kingston-jsonb', () => {
  const whole = kingston();
  const blocks = {
    ...whole,
    algorithm: 'AES-256-CBC',
    ciphertext: randomBytes(32).toString('base64'),
    nonce: randomBytes(16).toString('base64'),
  };
  const rows: Row[] = [
    ['encrypted', whole],
    ['encrypted', kingston('', 'v12')],
    ['encrypted', { ...whole, encrypted_at: '2025-01-01T00:00:00Z', field_path: 'product_owners.ni_number' }],
    ['encrypted', { ...whole, key_version: 7 }],
    ['encrypted', blocks],
    ['encrypted', { ...whole, algorithm: 'XChaCha20-Poly1305', nonce: randomBytes(24).toString('base64') }],
    ['null', null],
    ['unknown_version', { ...whole, key_version: 'QQ123456C' }],
    ['unknown_version', { ...whole, key_version: 'a sentence is no version' }],
    ['plaintext_suspect', { ...whole, algorithm: 'none' }],
    ['malformed', { ...blocks, ciphertext: randomBytes(33).toString('base64') }],
    ['malformed', { ...whole, nonce: undefined }],
    ['malformed', { ...whole, key_version: null }],
    ...[13, 15, 24].map((size): Row => ['malformed', { ...whole, nonce: randomBytes(size).toString('base64') }]),
    ['malformed', { ...blocks, nonce: randomBytes(12).toString('base64') }],
    ['malformed', { ...whole, tag: randomBytes(11).toString('base64') }],
    ['malformed', { ...whole, tag: randomBytes(17).toString('base64') }],
    ['malformed', { ...whole, tag: 'not Base64' }],
    ['malformed', { ...whole, ciphertext: '' }],
    ['malformed', { ...blocks, ciphertext: '', tag: randomBytes(16).toString('base64') }],
    ['malformed', { algorithm: 'RSA-OAEP-256', ciphertext: randomBytes(200).toString('base64'), key_version: 'v3' }],
    ['encrypted', { ...blocks, algorithm: 'AES/CTR/NoPadding', ciphertext: randomBytes(3).toString('base64') }],
    [
      'encrypted',
      { ...whole, ciphertext: randomBytes(3).toString('base64'), authTag: randomBytes(16).toString('base64') },
    ],
    ['malformed', { ...whole, nonce: '' }],
    ['malformed', { ...whole, ciphertext: whole.ciphertext.slice(0, -1) }],
    ['malformed', { ...whole, ciphertext: `${whole.ciphertext.slice(0, -5)} ====` }],
    ['malformed', { ...whole, ciphertext: 'QQ123456C' }],
    ['malformed', { ...whole, ciphertext: Buffer.from('QQ123456C').toString('base64') }],
    ['malformed', { ...whole, algorithm: 'none of your business' }],
    ['malformed', { ciphertext: whole.ciphertext }],
    ['plaintext_suspect', { ...whole, ciphertext: readable.toString('base64') }],
    ['plaintext_suspect', { ni_number: 'QQ123456C' }],
  ];
  const asText = (value: unknown) => (value === null ? null : JSON.stringify(value));

  test.each(['jsonb', 'json', 'text'])('in a column of type %s', async (type) => {
    await check(
      { kind: 'kingston-jsonb' },
      type,
      rows.map(([state, value]) => [state, asText(value)]),
    );
  });

  test('what is no document', async () => {
    const values = [...plain, readable.toString()];
    await check({ kind: 'kingston-jsonb' }, 'text', [
      ...suspects(values),
      ['malformed', JSON.stringify(whole).slice(0, 80)],
      ['null', ''],
    ]);
    await check({ kind: 'kingston-jsonb' }, 'jsonb', [
      ...suspects(values.map((value) => JSON.stringify(value))),
      ...suspects(['42', 'true', '[]', '{}']),
      ['null', 'null'],
      ['null', '""'],
    ]);
    await check({ kind: 'kingston-jsonb' }, 'date', [...suspects(['1980-04-01']), ['null', null]]);
  });
});

test('transit', async () => {
  const rows: Row[] = [
    ['encrypted', transit(1)],
    ['encrypted', transit(12, 28)],
    ['encrypted', transit(3, 70_000)],
    ['null', null],
    ['null', ''],
    ...suspects(plain),
    ['plaintext_suspect', `vault:v1:${readable.toString('base64')}`],
    ['malformed', 'vault:v1:'],
    ['malformed', `vault:v0:${randomBytes(40).toString('base64')}`],
    ['malformed', `vault:3:${randomBytes(40).toString('base64')}`],
    ['malformed', transit(1, 27)],
    ['malformed', transit(1, 40).slice(0, -1)],
    ['malformed', `${transit(1, 39)}!!!!`],
    ['malformed', 'vault:v1:QQ123456C'],
  ];
  await check({ kind: 'transit' }, 'text', rows);
  await check({ kind: 'transit' }, 'varchar(100000)', rows);
});

test('fernet', async () => {
  await check({ kind: 'fernet' }, 'text', [
    ['encrypted', fernet()],
    ['encrypted', fernet('')],
    ['encrypted', fernet('x'.repeat(5000))],
    // No library opens one without its padding.
    ['malformed', fernet().replace(/=+$/, '')],
    ['null', null],
    ...suspects([...plain, `hAAAA${fernet().slice(5)}`]),
    ['malformed', fernet().slice(0, -8)],
    ['malformed', fernet().slice(0, 60)],
    ['malformed', `${fernet().slice(0, -4)}*A==`],
    ['malformed', 'gAAAAABh'],
  ]);
  await check({ kind: 'fernet' }, 'bytea', [
    ['encrypted', Buffer.from(fernet())],
    ['plaintext_suspect', Buffer.from('Élodie')],
  ]);
});

test('ciphersweet', async () => {
  await check({ kind: 'ciphersweet' }, 'text', [
    ['encrypted', ciphersweet('nacl')],
    ['encrypted', ciphersweet('brng', 0)],
    ['encrypted', ciphersweet('fips')],
    ['malformed', ciphersweet('fips', 8).replace(/=+$/, '')],
    ['malformed', ciphersweet('nacl', 9).replace(/=+$/, '')],
    ['null', ''],
    ...suspects([...plain, 'nacl is salt']),
    ['malformed', 'nacl:'],
    ['malformed', ciphersweet('fips').slice(0, 100)],
    ['malformed', `${ciphersweet('brng').slice(0, -3)}+/=`],
    ['malformed', 'nacl:QQ123456C'],
  ]);
});

test('aws-esdk', async () => {
  const made = (suite: string) => {
    const found = vectors('aws-esdk').find(({ variant, plaintext }) => variant === suite && plaintext.length > 8);
    return Buffer.from(found?.base64 ?? '', 'base64');
  };
  const first = made('ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256');
  const whole = made('ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384');
  const noKey = Buffer.from(whole);
  noKey.fill(0, 37 + whole.readUInt16BE(35), 39 + whole.readUInt16BE(35));
  const longAad = Buffer.from(whole);
  longAad.writeUInt16BE(65_000, 35);
  const otherSuite = Buffer.from(first);
  otherSuite[3] = 0x77;
  const rows: Row[] = [
    ['encrypted', first],
    ['encrypted', whole],
    ['null', null],
    ...suspects(plain.map((value) => Buffer.from(String(value)))),
    ...suspects([randomBytes(200).fill(7, 0, 1)]),
    ['malformed', whole.subarray(0, 90)],
    ['malformed', noKey],
    ['malformed', longAad],
    ['malformed', otherSuite],
  ];
  await check({ kind: 'aws-esdk' }, 'bytea', rows);
  await check({ kind: 'aws-esdk' }, 'text', [
    ['encrypted', whole.toString('base64')],
    ['encrypted', whole.toString('base64').replace(/.{76}/g, '$&\n')],
    ['malformed', whole.subarray(0, 60).toString('base64')],
    ...suspects(plain),
  ]);
});

test('pgp', async () => {
  const made = await client.query<{ sealed: Buffer; small: Buffer; long: Buffer; armoured: string }>(
    `select pgp_sym_encrypt('QQ123456C', 'canary') as sealed, pgp_sym_encrypt('', 'canary', 's2k-mode=0') as small,
     pgp_sym_encrypt(repeat('x', 100000), 'canary', 'compress-algo=0') as long,
     armor(pgp_sym_encrypt('QQ123456C', 'canary')) as armoured`,
  );
  const [row] = made.rows;
  if (row === undefined) throw new Error('pgcrypto made nothing');
  const { sealed, small, long, armoured } = row;
  const broken = Buffer.from(sealed);
  broken[2 + (sealed[1] ?? 0)] = 0;
  const rows: Row[] = [
    ['encrypted', sealed],
    ['encrypted', small],
    ['encrypted', long],
    ['null', Buffer.alloc(0)],
    ...suspects([
      ...plain.map((value) => Buffer.from(String(value))),
      Buffer.from('Élodie, Ångström and others of the sort'),
    ]),
    ['malformed', sealed.subarray(0, 20)],
    ['malformed', broken],
  ];
  await check({ kind: 'pgp' }, 'bytea', rows);
  await check({ kind: 'pgp' }, 'text', [
    ['encrypted', armoured],
    ['encrypted', sealed.toString('base64')],
    ['malformed', armoured.slice(0, 60)],
    ...suspects([...plain, 'williamwordsworthwaswritingwhilewalking1']),
  ]);
});

test('an expression of the configuration', async () => {
  const format = {
    kind: 'regex',
    pattern: '^enc\\.(?<version>v\\d+)\\.(?<nonce>[0-9a-f]{24})\\.[0-9a-f]{32,}$',
  } as const;
  const whole = (version: string) =>
    `enc.${version}.${randomBytes(12).toString('hex')}.${randomBytes(20).toString('hex')}`;
  await check(format, 'text', [
    ['encrypted', whole('v1')],
    ['unknown_version', whole('v12345678')],
    ['null', null],
    ['null', ''],
    ...suspects([...plain, 'enc.v1.short']),
  ]);
});

test('a dot of an expression stands for a line end, too', async () => {
  await check({ kind: 'regex', pattern: 'enc:.{8}' }, 'text', [
    ['encrypted', 'enc:line\nend'],
    ['plaintext_suspect', 'line\nend'],
  ]);
});

test('an expression without anchors is one of the whole value all the same', async () => {
  const whole = `enc.${randomBytes(20).toString('hex')}`;
  const other = `seal.${randomBytes(20).toString('hex')}`;
  await check({ kind: 'regex', pattern: 'enc\\.[0-9a-f]{40}|seal\\.[0-9a-f]{40}' }, 'text', [
    ['encrypted', whole],
    ['encrypted', other],
    ...suspects([`QQ123456C ${whole}`, `${whole} QQ123456C`, `QQ123456C ${other}`, `${whole}\n`, `${whole}${other}`]),
  ]);
});
