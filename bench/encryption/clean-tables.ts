import type { CiphertextFormat } from '../../pack/encryption/model.js';

const pieces = (text: string) => `translate(${text}, E'\\n', '')`;
const urlSafe = (text: string) => `translate(${pieces(text)}, '+/', '-_')`;
const bytes = (count: string) => `gen_random_bytes(${count})`;
/** Lengths as of names, numbers and dates. */
const length = '(5 + g % 30)';

const document = `jsonb_build_object('algorithm', 'AES-256-GCM', 'ciphertext', ${pieces(`encode(${bytes(`16 + ${length}`)}, 'base64')`)},
      'nonce', encode(${bytes('12')}, 'base64'), 'encrypted_at', now(), 'key_version', 'v' || 1 + g % 3)`;

export interface CleanTable {
  readonly name: string;
  readonly format: CiphertextFormat;
  readonly type: 'jsonb' | 'text' | 'bytea';
  /** Leads to the value inside a document. */
  readonly path?: readonly string[];
  /** SQL over `g`, random where a cipher's output is, so that no test can tell it from one. */
  readonly value: string;
}

export const cleanTables: readonly CleanTable[] = [
  {
    name: 'kingston',
    format: { kind: 'kingston-jsonb' },
    type: 'jsonb',
    value: document,
  },
  {
    name: 'kingston_image',
    format: { kind: 'kingston-jsonb' },
    type: 'jsonb',
    path: ['ni_number'],
    value: `jsonb_build_object('id', g, 'name', 'kept plain on purpose', 'ni_number', ${document})`,
  },
  {
    name: 'transit',
    format: { kind: 'transit' },
    type: 'text',
    value: `'vault:v' || 1 + g % 3 || ':' || ${pieces(`encode(${bytes(`28 + ${length}`)}, 'base64')`)}`,
  },
  {
    name: 'fernet',
    format: { kind: 'fernet' },
    type: 'text',
    value: urlSafe(
      `encode('\\x8000000000'::bytea || ${bytes('4')} || ${bytes('16')} || ${bytes('16 * (1 + g % 3)')} || ${bytes('32')}, 'base64')`,
    ),
  },
  {
    name: 'ciphersweet',
    format: { kind: 'ciphersweet' },
    type: 'text',
    value: `case g % 3 when 0 then 'nacl:' || ${urlSafe(`encode(${bytes(`40 + ${length}`)}, 'base64')`)}
      when 1 then 'brng:' || ${urlSafe(`encode(${bytes(`56 + ${length}`)}, 'base64')`)}
      else 'fips:' || ${urlSafe(`encode(${bytes(`96 + ${length}`)}, 'base64')`)} end`,
  },
  {
    name: 'esdk',
    format: { kind: 'aws-esdk' },
    type: 'bytea',
    // One data key, no signature, and one frame, which is the last.
    value: `'\\x020478'::bytea || ${bytes('32')} || '\\x00000001'::bytea || '\\x0007'::bytea || 'aws-kms'::bytea
      || '\\x0003'::bytea || 'key'::bytea || '\\x00b8'::bytea || ${bytes('184')} || '\\x0200001000'::bytea || ${bytes('48')}
      || '\\xffffffff00000001'::bytea || ${bytes('12')} || int4send(${length}) || ${bytes(`${length} + 16`)}`,
  },
  {
    name: 'pgp',
    format: { kind: 'pgp' },
    type: 'bytea',
    value: `'\\xc30d04070302'::bytea || ${bytes('9')} || '\\xd2'::bytea || set_byte('\\x00', 0, 39 + ${length}) || '\\x01'::bytea || ${bytes(`38 + ${length}`)}`,
  },
  {
    name: 'own_form',
    format: { kind: 'regex', pattern: '^enc:(?<version>v\\d+):(?<nonce>[0-9a-f]{24}):(?<ciphertext>[0-9a-f]{42,})$' },
    type: 'text',
    value: `'enc:v' || 1 + g % 3 || ':' || encode(${bytes('12')}, 'hex') || ':' || encode(${bytes(`16 + ${length}`)}, 'hex')`,
  },
];

type Run = (sql: string) => Promise<unknown>;

/** Needs pgcrypto. */
export async function fillCleanTable(run: Run, { name, type, value }: CleanTable, rows: number): Promise<void> {
  await run(`create unlogged table public.${name} (id int primary key, value ${type})`);
  await run(`insert into public.${name} select g, ${value} from generate_series(1, ${rows}) g`);
  // Alone: it cannot run among other statements.
  await run(`vacuum analyze public.${name}`);
}

/** Seven tenths of the way through the table, where nobody looks by chance. */
export async function plantPlaintext(run: Run, { name, type, path }: CleanTable, rows: number): Promise<void> {
  const text = 'QQ123456C';
  const plain =
    path === undefined
      ? `'${type === 'jsonb' ? `"${text}"` : text}'`
      : `jsonb_set(value, '{${path.join(',')}}', '"${text}"')`;
  await run(`update public.${name} set value = ${plain} where id = ${Math.floor(rows * 0.7)}`);
}
