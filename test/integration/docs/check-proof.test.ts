import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { verifyProofFile } from '../../../exporters/audit-trail/seal/proof-file.js';
import { verifyProof } from '../../../exporters/audit-trail/seal/prove.js';
import { NoProof } from '../../../exporters/runtime/sealing/proof/proof-file.js';
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
  writeFileSync(path, bytesOf(content));
  return path;
}

function bytesOf(content: unknown): Buffer {
  if (Buffer.isBuffer(content)) return content;
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

/** The exit code of our own command. */
function ourCode(content: unknown): number {
  try {
    const { ok } = verifyProofFile(bytesOf(content), [parseVkey(key.vkey)]);
    return ok === null ? 2 : ok ? 0 : 1;
  } catch (error) {
    if (error instanceof NoProof) return 2;
    throw error;
  }
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

const written = JSON.stringify(genuine);
const says = (changes: object) => JSON.stringify({ ...genuine, ...changes });
const index = `"index":${INDEX}`;
const indexAs = (digits: string) => written.replace(index, `"index":${digits}`);
const noted = (change: (note: string) => string) => says({ checkpoint: change(genuine.checkpoint) });
const [signedText = '', signature = ''] = genuine.checkpoint.split(/\n\n/);
/** Another spelling of the same bytes: 32 bytes leave two bits of the last character before `=` unread. */
const otherBits = (base64: string) => base64.replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`);
const deep = (levels: number) =>
  says({ more: 0 }).replace('"more":0', `"more":${'['.repeat(levels)}${']'.repeat(levels)}`);
const bytes = Buffer.from(written);

/** How a file is spelled, in which JSON.parse and Python's json differ; and with which code both must end. */
const spellings: readonly (readonly [string, unknown, 0 | 1 | 2])[] = [
  ['as it was made', written, 0],
  ['with blanks and line breaks', JSON.stringify(genuine, undefined, 2).replaceAll('\n', '\r\n'), 0],
  ['with each character escaped', written.replaceAll('ann', '\\u0061n\\u006e'), 0],
  ['half of a character in the text', written.replace('ann', 'ann\\ud800'), 1],
  ['half of a character in the checkpoint', written.replace('"checkpoint":"', '"checkpoint":"\\ud800'), 1],
  ['half of a character in what nothing proves', written.replace('as it says', '\\udc00'), 1],
  ['half of a character in a key', written.replace('{', '{"\\ud800":1,'), 1],
  ['both halves in what nothing proves', written.replace('as it says', '\\ud83d\\ude00'), 0],
  ['an index of 5000 digits', indexAs('9'.repeat(5000)), 1],
  ['another number of 5000 digits', says({ more: 0 }).replace('"more":0', `"more":${'9'.repeat(5000)}`), 0],
  ['an index with a fraction', indexAs('3.0'), 1],
  ['an index with an exponent', indexAs('3e0'), 1],
  ['an index of 0.3e1', indexAs('0.3e1'), 1],
  ['an index of -0', JSON.stringify(proof(0)).replace('"index":0', '"index":-0'), 0],
  ['an index with a zero before it', indexAs('03'), 2],
  ['an index in quotes', indexAs('"3"'), 1],
  ['an index within another map', written.replace('"sealed":{', '"sealed":{"index":3.0,'), 0],
  ['NaN for the index', indexAs('NaN'), 2],
  ['Infinity in what nothing proves', written.replace('{', '{"more":-Infinity,'), 2],
  ['a key twice', written.replace('{', '{"index":3,'), 1],
  ['a key twice, once escaped', written.replace('{', '{"inde\\u0078":3,'), 1],
  ['a key twice, further in', written.replace('"sealed":{', '"sealed":{"time":1,'), 1],
  ['a key twice in a list', written.replace('["as it says"]', '[{"a":1,"a":1}]'), 1],
  ['__proto__ twice', written.replace('{', '{"__proto__":{},"__proto__":{},'), 1],
  ['all in __proto__', `{"__proto__":${written}}`, 2],
  ['a key twice in what is no proof', '{"a":1,"a":1}', 2],
  ['a key twice, and then no JSON', `${written.replace('{', '{"index":3,')}x`, 2],
  ['a hash of the path that is no Base64', says({ path: [first.replace(/=$/, '*'), ...others] }), 1],
  ['a hash of the path without its end', says({ path: [first.replace(/=$/, ''), ...others] }), 1],
  ['a hash of the path with a blank', says({ path: [` ${first}`, ...others] }), 1],
  ['a hash of the path for URLs', says({ path: [first.replace(/^../, '-_'), ...others] }), 1],
  ['a hash of the path in other bits', says({ path: [otherBits(first), ...others] }), 1],
  ['a hash of the path that is a list', says({ path: [[first], ...others] }), 1],
  ['the leaf in other bits', says({ leafHash: otherBits(genuine.leafHash) }), 1],
  ['no line break at the end of the checkpoint', noted((note) => note.trimEnd()), 1],
  ['an empty line at the end of the checkpoint', noted((note) => `${note}\n`), 1],
  ['a line that is no signature', noted((note) => `${note}nonsense\n`), 1],
  ['the signature of a stranger beside it', noted((note) => `${note}\u2014 stranger AAAAAAAA\n`), 0],
  ['a name with a byte-order mark', noted((note) => `${note}\u2014 str\ufeffanger AAAAAAAA\n`), 1],
  ['a line separator among the signatures', noted((note) => `${note}\u2014 str\u2028anger AAAAAAAA\n`), 1],
  ['a signature that is too short', noted((note) => `${note}\u2014 stranger AAAA\n`), 1],
  [
    'a wrong signature before ours',
    noted(() => `${signedText}\n\n${signature.replace(/\S{20}(=*)\n?$/, 'AAAAAAAAAAAAAAAAAAAA$1')}\n${signature}`),
    1,
  ],
  [
    'a wrong signature behind ours',
    noted(() => `${signedText}\n\n${signature}${signature.replace(/\S{20}(=*)\n?$/, 'AAAAAAAAAAAAAAAAAAAA$1')}\n`),
    0,
  ],
  [
    'nothing of what it says and does not prove',
    says({ sealed: undefined, howToVerify: 7, record: { ...genuine.record, table: 7 } }),
    0,
  ],
  ['columns that are no texts', says(about({ columns: [1, 2, 3, 4] as never })), 0],
  ['a text that is null', says({ text: null }), 1],
  ['many levels', deep(90), 0],
  ['too many levels', deep(200), 2],
  ['very many levels', deep(100_000), 2],
  ['brackets in a text are no levels', says({ howToVerify: ['['.repeat(500)] }), 0],
  ['a byte-order mark', `\ufeff${written}`, 2],
  ['bytes that are no UTF-8', Buffer.concat([bytes.subarray(0, -2), Buffer.of(0xff), bytes.subarray(-2)]), 2],
  ['half of a character in UTF-8', Buffer.from(written.replace('as it says', '\xed\xa0\x80'), 'latin1'), 2],
  ['no JSON', 'no JSON', 2],
  ['nothing', '', 2],
  ['a list', '[]', 2],
  ['another document', '{"hello":1}', 2],
  ['another kind', says({ kop: 'audit-proof-2' }), 2],
];

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

  describe('of each spelling of a file', () => {
    let answers: readonly Answer[] = [];
    beforeAll(() => {
      answers = checkAll(spellings.map(([, document]) => ({ document })));
    });
    test.each(spellings.map(([name, document, code], at) => [name, document, code, at] as const))(
      '%s: both end with the same code',
      (_, document, code, at) => {
        expect({ python: answers[at]?.code, ours: ourCode(document) }).toEqual({ python: code, ours: code });
      },
    );
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
