import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../../../exporters/audit-trail/seal/checkpoint.js';
import { generateSealKey, signersFromPem } from '../../../exporters/audit-trail/seal/keys.js';
import { leafHash, type NodeName, nodeHash } from '../../../exporters/audit-trail/seal/merkle.js';
import { inclusionRanges, proofOf } from '../../../exporters/audit-trail/seal/proofs.js';
import { packageRoot } from '../../../pack/index.js';

const program = join(packageRoot(), 'docs', 'verify', 'check_proof.py');
const isAbsent = (name: string) => spawnSync(name, ['--version']).error !== undefined;
const ORIGIN = 'kingston.example/audit';
const key = generateSealKey(ORIGIN);

const texts = Array.from(
  { length: 7 },
  (_, index) => `kop1${900 + index}\t${index + 30}\tupdate\t{"name": "ann ${index}"}`,
);
const INDEX = 3;

function node({ level, index }: NodeName): Buffer {
  if (level === 0) return leafHash(texts[index] ?? '');
  return nodeHash(node({ level: level - 1, index: index * 2 }), node({ level: level - 1, index: index * 2 + 1 }));
}

function proof(index = INDEX) {
  const path = proofOf(inclusionRanges(index, texts.length), node);
  const [root = Buffer.alloc(0)] = proofOf([{ start: 0, end: texts.length }], node);
  const text = texts[index] ?? '';
  return {
    kop: 'audit-proof-1',
    origin: ORIGIN,
    record: {
      table: 'audit.log',
      columns: ['xact_id', 'id', 'action', 'row'],
      order: `${900 + index}`,
      id: `${index + 30}`,
    },
    sealed: { entry: 2, time: '2026-01-01T00:00:00Z' },
    prefix: 'kop1',
    text,
    leafHash: leafHash(text).toString('base64'),
    index,
    path: path.map((hash) => hash.toString('base64')),
    checkpoint: signCheckpoint({ origin: ORIGIN, size: texts.length, root }, signersFromPem(ORIGIN, key.privateKey)),
    howToVerify: ['as it says'],
  };
}

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kop-check-proof-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: unknown): string {
  files += 1;
  const path = join(folder, `${files}`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

interface Answer {
  readonly code: number;
  readonly told: string;
}

function check(
  document: unknown,
  {
    flags = [],
    path = process.env.PATH,
    vkey = key.vkey,
  }: { flags?: string[]; path?: string | undefined; vkey?: string } = {},
): Promise<Answer> {
  const args = [...flags, program, file(document), file(vkey)];
  return new Promise((resolve) => {
    execFile('python3', args, { env: { PATH: path } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, told: `${stdout}${stderr}`.trim() });
    });
  });
}

/** Puts another openssl before the real one. */
function opensslThat(name: string, script: string): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  writeFileSync(join(bin, 'openssl'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'openssl'), 0o755);
  return `${bin}${delimiter}${process.env.PATH ?? ''}`;
}

describe.skipIf(isAbsent('python3') || isAbsent('openssl'))('check_proof.py', () => {
  const fine = { code: 0, told: `leaf ${INDEX} is under the signed checkpoint of 7 records` };

  test('a genuine proof is fine, with and without its text, with -O and without', async () => {
    const { text: _, ...bare } = proof();
    const answers = await Promise.all([
      check(proof()),
      check(bare),
      check(proof(), { flags: ['-O'] }),
      check(proof(), { flags: ['-OO'] }),
    ]);
    expect(answers).toEqual([fine, fine, fine, fine]);
    const each = await Promise.all(texts.map((_text, index) => check(proof(index))));
    expect(each.map(({ code }) => code)).toEqual(texts.map(() => 0));
  });

  const genuine = proof();
  const flipped = (text: string) => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`);
  const [first = '', ...others] = genuine.path;
  const altered: Readonly<Record<string, object>> = {
    'the text': { text: genuine.text.replace('ann', 'bob') },
    'the text and its leaf': {
      text: genuine.text.replace('ann', 'bob'),
      leafHash: leafHash(genuine.text.replace('ann', 'bob')).toString('base64'),
    },
    'the leaf': { leafHash: flipped(genuine.leafHash) },
    'a leaf of another length': { leafHash: genuine.leafHash.slice(0, 20) },
    'a leaf that is no Base64': { leafHash: '*' },
    'a leaf that is a number': { leafHash: 7 },
    'the index': { index: INDEX + 1 },
    'an index below 0': { index: -1 },
    'an index beyond the tree': { index: 7 },
    'an index that is true': { index: true },
    'no index': { index: undefined },
    'the prefix': { prefix: 'kop2' },
    'the order of the record': { record: { ...genuine.record, order: '1' } },
    'the id of the record': { record: { ...genuine.record, id: '4711' } },
    'the columns of the record': { record: { ...genuine.record, columns: ['id'] } },
    'no record': { record: undefined },
    'the path': { path: [flipped(first), ...others] },
    'a shorter path': { path: others },
    'a longer path': { path: [...genuine.path, first] },
    'no path': { path: [] },
    'a path that is a text': { path: first },
    'the origin': { origin: 'another.example/audit' },
    'the size': { checkpoint: genuine.checkpoint.replace('\n7\n', '\n8\n') },
    'the root': { checkpoint: genuine.checkpoint.replace(/\n7\n./, '\n7\n+') },
    'the signature': {
      checkpoint: genuine.checkpoint.replace(/.(=*)\n$/, 'A$1\n').replace(/(.{60})....(.*\n)$/, '$1AAAA$2'),
    },
    'no signature': { checkpoint: genuine.checkpoint.slice(0, genuine.checkpoint.indexOf('\u2014')) },
    'the name of the signer': { checkpoint: genuine.checkpoint.replace(`\u2014 ${ORIGIN}`, '\u2014 other') },
    'no checkpoint': { checkpoint: undefined },
  };

  test.each(Object.keys(altered))('%s: wrong, whatever the optimiser leaves out', async (name) => {
    const lie = { ...genuine, ...altered[name] };
    for (const flags of [[], ['-O']]) {
      const { code, told } = await check(lie, { flags });
      expect({ code, told }).toEqual({ code: 1, told: expect.stringMatching(/^not proven: /) });
    }
  });

  test('what a proof says and does not prove is as many fields as the page names', async () => {
    const said = [
      { ...genuine, sealed: { entry: 9, time: 'never' } },
      { ...genuine, howToVerify: [] },
      { ...genuine, record: { ...genuine.record, table: 'public.other' } },
    ];
    expect(await Promise.all(said.map((each) => check(each)))).toEqual([fine, fine, fine]);
  });

  test('a key that holds a backslash is the same key', async () => {
    const id = String.raw`C:\temp\new`;
    const text = `kop1900\t${id.replaceAll('\\', '\\\\')}\tupdate\t{}`;
    const leaf = leafHash(text);
    const alone = {
      ...genuine,
      record: { ...genuine.record, order: '900', id },
      text,
      leafHash: leaf.toString('base64'),
      index: 0,
      path: [],
      checkpoint: signCheckpoint({ origin: ORIGIN, size: 1, root: leaf }, signersFromPem(ORIGIN, key.privateKey)),
    };
    expect(await check(alone)).toMatchObject({ code: 0 });
  });

  test('a key twice in the document is wrong: a person would read the other one', async () => {
    const twice = JSON.stringify(genuine).replace('"text":', '"text":"kop1 what a person reads","text":');
    expect(await check(twice)).toEqual({ code: 1, told: 'not proven: the document has a key twice' });
  });

  test('another key has not signed; one that is none says nothing of the document', async () => {
    const stranger = generateSealKey(ORIGIN).vkey;
    expect(await check(genuine, { vkey: stranger })).toEqual({
      code: 1,
      told: 'not proven: the checkpoint is not signed with this key',
    });
    const [name, id, material = ''] = stranger.split('+', 3);
    for (const vkey of ['', 'nonsense', `${name}+00000000+${material}`, `${name}+${id}+*`]) {
      expect(await check(genuine, { vkey })).toEqual({
        code: 2,
        told: expect.stringMatching(/^cannot tell: the key /),
      });
    }
  });

  test('what is no proof at all cannot be told', async () => {
    for (const document of ['no JSON', '[]', '{}', '{"kop": "audit-proof-2"}', '['.repeat(100_000)]) {
      expect(await check(document)).toEqual({ code: 2, told: expect.stringMatching(/^cannot tell: /) });
    }
    const missing = spawnSync('python3', [program, join(folder, 'missing'), join(folder, 'missing')], {
      encoding: 'utf8',
    });
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot tell: FileNotFoundError') });
    expect(spawnSync('python3', [program], { encoding: 'utf8' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('usage: check_proof.py PROOF KEY'),
    });
  });

  const machines: readonly (readonly [string, string])[] = [
    ['is old', 'echo "pkeyutl: Unrecognized flag rawin" >&2; exit 1'],
    ['refuses everything', 'echo "Signature Verification Failure"; exit 1'],
    ['accepts everything', 'echo "Signature Verified Successfully"; exit 0'],
    ['crashes', 'kill -SEGV $$'],
  ];
  test.each(machines)('an openssl that %s accuses nobody, and acquits nobody', async (name, script) => {
    const path = opensslThat(name.replaceAll(' ', '-'), script);
    for (const document of [genuine, { ...genuine, checkpoint: genuine.checkpoint.replace('\n7\n', '\n8\n') }]) {
      expect(await check(document, { path })).toEqual({
        code: 2,
        told: 'cannot tell: this openssl cannot check Ed25519 signatures; OpenSSL 1.1.1 or newer can',
      });
    }
  });

  test('without openssl nothing can be told', async () => {
    const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).stdout.trim();
    const args = [program, file(genuine), file(key.vkey)];
    expect(spawnSync(python, args, { encoding: 'utf8', env: { PATH: folder } })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cannot tell: openssl cannot be run'),
    });
  });
});
