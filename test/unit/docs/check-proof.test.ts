import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { verifyProof } from '../../../exporters/audit-trail/seal/prove.js';
import { signCheckpoint } from '../../../exporters/runtime/sealing/signing/checkpoint.js';
import { generateSealKey, signersFromPem } from '../../../exporters/runtime/sealing/signing/keys.js';
import { parseVkey } from '../../../exporters/runtime/sealing/signing/note.js';
import { leafHash, type NodeName, nodeHash } from '../../../exporters/runtime/sealing/tree/merkle.js';
import { inclusionRanges, proofOf } from '../../../exporters/runtime/sealing/tree/proofs.js';
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

interface Case {
  readonly document: unknown;
  readonly vkey?: string;
}

/**
 * Runs the program's `main` for one case after the other: a process for each would cost more than all of the checks.
 * openssl is asked once for each key, text and signature; most cases have the same.
 */
const DRIVER = `
import contextlib, functools, importlib.util, io, json, os, sys
spec = importlib.util.spec_from_file_location("check_proof", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
program.openssl_accepts = functools.lru_cache(None)(program.openssl_accepts)
answers = []
os.environ["PATH"] = sys.argv[2]
for case in json.load(sys.stdin):
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = program.main(case["files"])
    answers.append({"code": code, "told": told.getvalue().strip()})
json.dump(answers, sys.stdout)
`;

function checkAll(cases: readonly Case[], flags: readonly string[] = [], path = process.env.PATH): readonly Answer[] {
  const input = cases.map(({ document, vkey = key.vkey }) => ({ files: [file(document), file(vkey)] }));
  const python = spawnSync('python3', [...flags, '-c', DRIVER, program, path ?? ''], {
    encoding: 'utf8',
    input: JSON.stringify(input),
  });
  expect(python.stderr).toBe('');
  return z.array(z.object({ code: z.int(), told: z.string() })).parse(JSON.parse(python.stdout));
}

/** As a person calls it. */
function run(args: readonly string[], flags: readonly string[] = []): Answer {
  const { status, stdout, stderr } = spawnSync('python3', [...flags, program, ...args], { encoding: 'utf8' });
  return { code: status ?? -1, told: `${stdout}${stderr}`.trim() };
}

/** Puts another openssl before the real one. */
function opensslThat(name: string, script: string): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  writeFileSync(join(bin, 'openssl'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'openssl'), 0o755);
  return `${bin}${delimiter}${process.env.PATH ?? ''}`;
}

const genuine = proof();
const { text: _text, ...bare } = genuine;
const flipped = (text: string) => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`);
const [first = '', ...others] = genuine.path;
const about = (changes: Partial<typeof genuine.record>) => ({ record: { ...genuine.record, ...changes } });

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
  'a shorter prefix': { prefix: 'kop' },
  'no prefix, and an order that begins with it': { prefix: '', ...about({ order: 'kop1903' }) },
  'a prefix that takes the order away': {
    prefix: 'kop1903\t',
    ...about({ order: '33', id: 'update', columns: ['id', 'action', 'row'] }),
  },
  'the order of the record': about({ order: '1' }),
  'the id of the record': about({ id: '4711' }),
  "order and id in each other's place": about({ order: '33', id: '903' }),
  'an id that is the order': about({ id: '903' }),
  'an id that is another value of the record': about({ id: 'update' }),
  'an id and an order that are other values of the record': about({ order: 'update', id: '{"name": "ann 3"}' }),
  'columns in another order, with an id to fit': about({ id: 'update', columns: ['xact_id', 'action', 'id', 'row'] }),
  'the columns of the record': about({ columns: ['id'] }),
  'a column more': about({ columns: ['xact_id', 'id', 'action', 'row', 'more'] }),
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
  'the path, and no text': { text: undefined, path: others },
};
const alteredNames = Object.keys(altered);
const lies = alteredNames.map((name): Case => ({ document: { ...genuine, ...altered[name] } }));

/** Of a log of this record alone. */
function alone(text: string, record: { readonly order: string; readonly id: string }) {
  const leaf = leafHash(text);
  return {
    ...genuine,
    ...about(record),
    text,
    leafHash: leaf.toString('base64'),
    index: 0,
    path: [],
    checkpoint: signCheckpoint({ origin: ORIGIN, size: 1, root: leaf }, signersFromPem(ORIGIN, key.privateKey)),
  };
}

describe.skipIf(isAbsent('python3') || isAbsent('openssl'))('check_proof.py', () => {
  const under = `leaf ${INDEX} is under the signed checkpoint of 7 records`;
  const fine = { code: 0, told: `${under}\nid 33\norder 903\ntext ${genuine.text}` };
  const unnamed = {
    code: 2,
    told: `cannot tell: ${under}; of which record it is, a document without text does not show`,
  };

  test('a genuine proof names what it proves, and without its text nothing, with -O and without', () => {
    const files = (document: unknown) => [file(document), file(key.vkey)];
    for (const flags of [[], ['-O'], ['-OO']]) expect(run(files(genuine), flags)).toEqual(fine);
    expect(run(files(bare))).toEqual(unnamed);
    expect(checkAll([{ document: genuine }, { document: bare }], ['-O'])).toEqual([fine, unnamed]);
    const each = checkAll(texts.map((_each, index) => ({ document: proof(index) })));
    expect(each.map(({ code }) => code)).toEqual(texts.map(() => 0));
  });

  describe.each([['-B'], ['-O']])('of what was altered, with %s', (flag) => {
    let answers: readonly Answer[] = [];
    beforeAll(() => {
      answers = checkAll(lies, [flag]);
    });
    test.each(alteredNames)('%s: wrong', (name) => {
      const answer = answers[alteredNames.indexOf(name)];
      expect(answer).toEqual({ code: 1, told: expect.stringMatching(/^not proven: /) });
    });
  });

  test('our own command finds the same of each', () => {
    const keys = [parseVkey(key.vkey)];
    expect(verifyProof(genuine, keys)).toEqual({
      ok: true,
      size: 7,
      record: { order: '903', id: '33', text: genuine.text },
    });
    expect(verifyProof(bare, keys)).toMatchObject({ ok: null, size: 7 });
    const found = lies.map(({ document }) => verifyProof(JSON.parse(JSON.stringify(document)), keys).ok);
    expect(found).toEqual(lies.map(() => false));
  });

  test('what a proof says and does not prove is as many fields as the page names', () => {
    const said = [
      { ...genuine, sealed: { entry: 9, time: 'never' } },
      { ...genuine, howToVerify: [] },
      { ...genuine, ...about({ table: 'public.other' }) },
      { ...genuine, ...about({ columns: ['these', 'names', 'are', 'said'] }) },
    ];
    expect(checkAll(said.map((document) => ({ document })))).toEqual(said.map(() => fine));
  });

  test('a key that holds a backslash is the same key', () => {
    const id = String.raw`C:\temp\new`;
    const document = alone(`kop1900\t${id.replaceAll('\\', '\\\\')}\tupdate\t{}`, { order: '900', id });
    expect(checkAll([{ document }])).toMatchObject([{ code: 0 }]);
    expect(verifyProof(document, [parseVkey(key.vkey)])).toMatchObject({ ok: true, record: { id } });
  });

  test('a record cannot write over what the terminal says above it', () => {
    const document = alone('kop1900\t1\tup\u001b[2K\u202edate\tZoë', { order: '900', id: '1' });
    const [answer] = checkAll([{ document }]);
    expect(answer?.told).toContain('\ntext kop1900\t1\tup\\u{1b}[2K\\u{202e}date\tZoë');
  });

  test('a key twice in the document is wrong: a person would read the other one', () => {
    const twice = JSON.stringify(genuine).replace('"text":', '"text":"kop1 what a person reads","text":');
    expect(checkAll([{ document: twice }])).toEqual([{ code: 1, told: 'not proven: the document has a key twice' }]);
  });

  test('another key has not signed; one that is none says nothing of the document', () => {
    const stranger = generateSealKey(ORIGIN).vkey;
    const [name, id, material = ''] = stranger.split('+', 3);
    const none = ['', 'nonsense', `${name}+00000000+${material}`, `${name}+${id}+*`];
    expect(checkAll([stranger, ...none].map((vkey) => ({ document: genuine, vkey })))).toEqual([
      { code: 1, told: 'not proven: the checkpoint is not signed with this key' },
      ...none.map(() => ({ code: 2, told: expect.stringMatching(/^cannot tell: the key /) })),
    ]);
  });

  test('what is no proof at all cannot be told', () => {
    const none = ['no JSON', '[]', '{}', '{"kop": "audit-proof-2"}', '['.repeat(100_000)];
    expect(checkAll(none.map((document) => ({ document })))).toEqual(
      none.map(() => ({ code: 2, told: expect.stringMatching(/^cannot tell: /) })),
    );
    expect(run([join(folder, 'missing'), join(folder, 'missing')])).toEqual({
      code: 2,
      told: expect.stringContaining('cannot tell: FileNotFoundError'),
    });
    expect(run([])).toEqual({ code: 2, told: expect.stringContaining('usage: check_proof.py PROOF KEY') });
  });

  const machines: readonly (readonly [string, string])[] = [
    ['is old', 'echo "pkeyutl: Unrecognized flag rawin" >&2; exit 1'],
    ['refuses everything', 'echo "Signature Verification Failure"; exit 1'],
    ['accepts everything', 'echo "Signature Verified Successfully"; exit 0'],
    ['crashes', 'kill -SEGV $$'],
  ];
  test.each(machines)('an openssl that %s accuses nobody, and acquits nobody', (name, script) => {
    const path = opensslThat(name.replaceAll(' ', '-'), script);
    const documents = [genuine, { ...genuine, checkpoint: genuine.checkpoint.replace('\n7\n', '\n8\n') }];
    for (const answer of checkAll(
      documents.map((document) => ({ document })),
      [],
      path,
    )) {
      expect(answer).toEqual({
        code: 2,
        told: 'cannot tell: this openssl cannot check Ed25519 signatures; OpenSSL 1.1.1 or newer can',
      });
    }
  });

  test('without openssl nothing can be told', () => {
    expect(checkAll([{ document: genuine }], [], folder)).toEqual([
      { code: 2, told: expect.stringContaining('cannot tell: openssl cannot be run') },
    ]);
  });
});
