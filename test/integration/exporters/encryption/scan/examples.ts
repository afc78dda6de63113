import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ScannedColumn } from '../../../../../pack/encryption/model.js';
import { loadPack, packageRoot, shippedPackPath } from '../../../../../pack/index.js';
import type { Judge } from '../../../../support/encryption/judging.js';
import { oneOfEach, type Vector, vectors } from '../../../../support/encryption/vectors.js';

/** The columns of the example in the handbook, as an operator who copies it gets them. */
function examples(): ReadonlyMap<string, ScannedColumn> {
  const page = readFileSync(join(packageRoot(), 'docs', 'encryption.md'), 'utf8');
  const [, chapter = ''] = page.split('### Ciphertexts of other libraries');
  const [, yaml = ''] = chapter.split('```yaml\n');
  const [block = ''] = yaml.split('```');
  const folder = mkdtempSync(join(tmpdir(), 'kop-examples-'));
  try {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, `encryption:\n  kingston:\n${block}`);
    const { encryption } = loadPack([shippedPackPath(), file], { requireSecrets: false });
    const columns = encryption.find(({ name }) => name === 'kingston')?.scan?.columns ?? [];
    return new Map(columns.map((column) => [column.column, column]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Example {
  readonly column: string;
  readonly type: 'text' | 'bytea';
  readonly vectors: readonly Vector[];
  /** Lengths of plaintexts that the example is for. */
  readonly plaintexts?: (plaintext: string) => boolean;
  /** Cuts that leave a value which this example also takes. */
  readonly blindTo?: (cut: number) => boolean;
}

const ofVariant = (file: string, end: string) => vectors(file).filter(({ variant }) => variant.endsWith(end));

const cases: readonly Example[] = [
  { column: 'jwe_gcm', type: 'text', vectors: ofVariant('jwe', 'A256GCM') },
  { column: 'jwe_cbc', type: 'text', vectors: ofVariant('jwe', 'A256CBC-HS512') },
  { column: 'rails', type: 'text', vectors: vectors('rails') },
  {
    column: 'tink',
    type: 'bytea',
    vectors: ofVariant('tink', 'AES256_GCM'),
    plaintexts: (plaintext) => plaintext === 'QQ123456C',
  },
  {
    column: 'gcp_kms',
    type: 'text',
    vectors: vectors('gcp-kms'),
    // A range of lengths: whole groups of Base64 within it are whole values of shorter plaintexts.
    blindTo: (cut) => cut % 4 === 0 && cut >= 52 + 68,
  },
];

/** @param judge on a server that the file of tests has started; it is there when the tests run. */
export function testExamples(judge: () => Judge): void {
  test('each example of the handbook is tried here', () => {
    expect([...examples().keys()]).toEqual(cases.map(({ column }) => column));
  });

  test.each(cases)('$column: whole values are encrypted; cut, readable and encoded ones are not', async (example) => {
    const { column: name, type, plaintexts = () => true, blindTo = () => false } = example;
    const described = examples().get(name);
    if (described === undefined) throw new Error(`no example ${name}`);
    const { format } = described;
    const taken = example.vectors.filter(({ plaintext }) => plaintexts(plaintext));
    // One of each variant first, because the first of them are cut.
    const ordered = [...new Set([...oneOfEach(taken, 1), ...taken])];
    const values = ordered.map(({ text, base64 }) => text ?? Buffer.from(base64 ?? '', 'base64'));
    expect(values.length).toBeGreaterThan(0);
    expect(new Set(await judge().states(format, type, values))).toEqual(new Set(['encrypted']));

    const readable = 'Müller Anna, Hauptstraße 12, 80331 München';
    for (const value of values.slice(0, 8)) {
      const cuts = Array.from({ length: value.length - 1 }, (_, index) => value.slice(0, index + 1));
      const states = await judge().states(format, type, cuts);
      const passed = states.flatMap((state, index) => (state === 'encrypted' ? [index + 1] : []));
      expect(passed.filter((cut) => !blindTo(cut))).toEqual([]);
      const behind = cuts.map((cut) =>
        typeof cut === 'string' ? cut + readable : Buffer.concat([cut, Buffer.from(readable)]),
      );
      expect(new Set(await judge().states(format, type, behind))).not.toContain('encrypted');
    }
    const written = values.map((value) => Buffer.from(value).toString('hex'));
    const inHex = written.map((hex) => (type === 'bytea' ? Buffer.from(hex) : `\\x${hex}`));
    expect(new Set(await judge().states(format, type, inHex))).toEqual(new Set(['wrapped']));
    expect(new Set(await judge().states(format, type, ['QQ123456C', readable]))).toEqual(
      new Set(['plaintext_suspect']),
    );
  });
}
