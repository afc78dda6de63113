import type { CiphertextFormat } from '../../../pack/index.js';
import { run } from './scanning.js';

const pieces = (text: string) => `translate(${text}, E'\\n', '')`;
const urlSafe = (text: string) => `translate(${pieces(text)}, '+/', '-_')`;
const bytes = (count: string) => `gen_random_bytes(${count})`;
/** Lengths as of names, numbers and dates. */
const length = '(5 + g % 30)';

interface CleanTable {
  readonly name: string;
  readonly format: CiphertextFormat;
  readonly type: string;
  /** Random where a cipher's output is, so that no test can tell it from one. */
  readonly value: string;
}

export const cleanTables: readonly CleanTable[] = [
  {
    name: 'kingston',
    format: { kind: 'kingston-jsonb' },
    type: 'jsonb',
    value: `jsonb_build_object('algorithm', 'AES-256-GCM', 'ciphertext', ${pieces(`encode(${bytes(`16 + ${length}`)}, 'base64')`)},
      'nonce', encode(${bytes('12')}, 'base64'), 'encrypted_at', now(), 'key_version', 'v' || 1 + g % 3)`,
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
    value: `'nacl:' || ${urlSafe(`encode(${bytes(`40 + ${length}`)}, 'base64')`)}`,
  },
  {
    name: 'esdk',
    format: { kind: 'aws-esdk' },
    type: 'bytea',
    value: `'\\x020578'::bytea || ${bytes('32')} || '\\x00000001'::bytea || ${bytes(`150 + ${length}`)}`,
  },
  {
    name: 'pgp',
    format: { kind: 'pgp' },
    type: 'bytea',
    value: `'\\xc30d04070302'::bytea || ${bytes('9')} || '\\xd2'::bytea || set_byte('\\x00', 0, 39 + ${length}) || '\\x01'::bytea || ${bytes(`38 + ${length}`)}`,
  },
];

/** Needs pgcrypto. */
export async function fillCleanTable(url: string, { name, type, value }: CleanTable, rows: number): Promise<void> {
  await run(
    url,
    `create unlogged table public.${name} (id int primary key, value ${type});
     insert into public.${name} select g, ${value} from generate_series(1, ${rows}) g;
     analyze public.${name}`,
  );
}
