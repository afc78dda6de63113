/** `kop evidence` on real files: what was kept, what was sealed, and what somebody altered. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definitionOf } from '../../../exporters/compliance/evaluation/evaluation-document.js';
import {
  canonicalText,
  type EvaluationDocument,
  parseEvaluation,
} from '../../../exporters/compliance/evidence/document.js';
import { openSealedEvidence } from '../../../exporters/compliance/evidence/seal/evidence-log.js';
import { sealEvaluations } from '../../../exporters/compliance/evidence/seal/seal-evaluations.js';
import { EVIDENCE_FILE } from '../../../exporters/compliance/evidence/store/database-file.js';
import { openEmbeddedStore } from '../../../exporters/compliance/evidence/store/embedded.js';
import { kopCall } from '../../../exporters/runtime/call.js';
import { originName } from '../../../exporters/runtime/sealing/anchors/anchor.js';
import { generateSealKey, signersFromPem } from '../../../exporters/runtime/sealing/signing/keys.js';
import { parseVkey } from '../../../exporters/runtime/sealing/signing/note.js';
import { leafHash } from '../../../exporters/runtime/sealing/tree/merkle.js';
import { loadPack } from '../../../pack/index.js';
import { shippedPackPath } from '../../../pack/reading/shipped.js';
import { kopHere } from '../../support/cli.js';

const ORIGIN = 'kingston.example/compliance';
const key = generateSealKey(ORIGIN);
const [shipped] = loadPack([], { requireSecrets: false }).compliance;
const control = shipped?.controls.find(({ id }) => id === 'AUD-02') ?? expect.fail('AUD-02 is not shipped');
const definition = definitionOf({ control });
const START = Date.UTC(2026, 2, 3, 12);

/** One a minute; the fourth found a missing record. */
function evaluation(index: number, change: Partial<EvaluationDocument> = {}): EvaluationDocument {
  const isWrong = index === 3;
  return {
    format: 'kop-evaluation-1',
    board: 'kingston',
    portal: 'kingston',
    control: 'AUD-02',
    catalogue: { name: 'uk-wealth', version: '1.0.0', sha256: 'a'.repeat(64) },
    definition: definition.sha256,
    at: new Date(START + index * 60_000).toISOString(),
    raw: isWrong ? 'non_compliant' : 'compliant',
    effective: isWrong ? 'non_compliant' : 'compliant',
    ...(isWrong ? { reason: 'Changes without a record: 2 is not <= 0' } : {}),
    checks: control.checks.map(({ name, kind }, at) => ({
      name,
      kind,
      outcome: isWrong && at === 0 ? 'fail' : 'pass',
      value: isWrong && at === 0 ? '2' : '0',
      operator: '<=',
      limit: '0',
      source: 'Prometheus',
      ...(isWrong && at === 0 ? { reason: '=2+2 is not <= 0' } : {}),
    })),
    ...change,
  };
}

let folder: string;
let described: readonly string[];
const evidence = (...args: readonly string[]) => kopHere('evidence', ...args, ...described);

function describeBoard(seal: object | undefined): readonly string[] {
  const own = { directory: join(folder, 'store'), ...(seal === undefined ? {} : { seal }) };
  writeFileSync(join(folder, 'mine.yaml'), JSON.stringify({ compliance: { kingston: { evidence: own } } }));
  return ['--config.file', shippedPackPath(), '--config.file', join(folder, 'mine.yaml')];
}

async function kept(documents: readonly EvaluationDocument[]): Promise<void> {
  const store = await openEmbeddedStore(join(folder, 'store'));
  await store.keepDefinition(definition.sha256, definition.text);
  await store.append(documents);
  const keys = [parseVkey(key.vkey)];
  const sealed = await openSealedEvidence({ directory: join(folder, 'seal'), origin: ORIGIN, keys });
  await sealEvaluations({
    evidence: store,
    sealed,
    signers: signersFromPem(ORIGIN, key.privateKey),
    now: () => new Date(START + 3_600_000),
    signal: new AbortController().signal,
    maxPerEntry: 4,
  });
  await sealed.close();
  await store.close();
}

/** What the administrator of the machine can do. */
function tamper(sql: string): void {
  const db = new Sqlite(join(folder, 'store', EVIDENCE_FILE));
  db.exec('drop trigger evaluations_are_kept; drop trigger evaluations_are_unchanged');
  db.exec(sql);
  db.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kop-evidence-cli-'));
  mkdirSync(join(folder, 'store'));
  writeFileSync(join(folder, 'key.pem'), key.privateKey);
  described = describeBoard({
    origin: ORIGIN,
    key: `\${file:${join(folder, 'key.pem')}}`,
    directory: join(folder, 'seal'),
  });
  await kept(Array.from({ length: 8 }, (_, index) => evaluation(index)));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('show', () => {
  test('says what the state was at a moment, and what each check saw', async () => {
    const wrong = await evidence('show', 'aud-02', '--at', '2026-03-03T12:03:30Z');
    expect(wrong.code).toBe(0);
    expect(wrong.stdout).toMatch(/^AUD-02 {2}non_compliant\n {2}Changes without a record: 2 is not <= 0/);
    expect(wrong.stdout).toMatch(/missing +fail +2 +<= 0 +Prometheus/);
    expect(wrong.stdout).toContain('Evaluation 4, made 2026-03-03T12:03:00.000Z');
    const day = await evidence('show', 'AUD-02', '--at', '2026-03-03', '--json');
    expect(JSON.parse(day.stdout)).toMatchObject({ number: 8, document: { effective: 'compliant' } });
  });

  test.each([
    [['AUD-02', '--at', '2026-03-02'], /there is no evaluation of AUD-02 up to 2026-03-02/],
    [['AUD-02', '--at', '2026-02-30'], /Expected a day such as 2026-03-03/],
    [['AUD-02', '--at', 'yesterday'], /Expected a day such as 2026-03-03/],
    [['AUD-99'], /has no control 'AUD-99'/],
    [['AUD-02', '--directory', '/nowhere'], /there is no evidence in \/nowhere/],
  ])('%j is refused with 2', async (args, message) => {
    expect(await evidence('show', ...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });
});

describe('export', () => {
  test('gives evaluations of a time with the catalogue, the filter and how many there are', async () => {
    const { code, stdout } = await evidence(
      'export',
      '--control',
      'AUD-02',
      '--from',
      '2026-03-03T12:02:00Z',
      '--to',
      '2026-03-03T12:04:00Z',
    );
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => z.looseObject({}).parse(JSON.parse(line)));
    expect(lines[0]).toMatchObject({ kop: 'evidence-export-1', board: 'kingston', filter: { control: 'AUD-02' } });
    expect(lines.slice(1, -1).map(({ number }) => number)).toEqual([5, 4, 3]);
    expect(lines.at(-1)).toEqual({ evaluations: 3 });
  });

  test('as CSV has a line for each check, and no formula', async () => {
    const out = join(folder, 'evidence.csv');
    expect(await evidence('export', '--format', 'csv', '--out', out)).toMatchObject({ code: 0, stdout: '' });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2 + 8 * control.checks.length + 1);
    expect(lines.at(-1)).toBe('# {"evaluations":8}');
    expect(lines.join('\n')).toContain(",'=2+2 is not <= 0");
    const again = await evidence('export', '--format', 'csv', '--out', out);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already; name another file') });
  });

  test('leaves no file behind where it cannot be written', async () => {
    const out = join(folder, 'key.pem', 'below.jsonl');
    expect(await evidence('export', '--out', out)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be written'),
    });
    expect(existsSync(`${out}.part`)).toBe(false);
  });
});

describe('verify', () => {
  test('says that all is as it was sealed, and gives the same states again', async () => {
    const published = join(folder, 'published.vkey');
    writeFileSync(published, `${key.vkey}\n`);
    const { code, stdout } = await evidence('verify', '--repeat', '--key', published);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        '✓ verified\n  8 as sealed, 0 not sealed yet, 0 disposed of by a signed statement\n  8 repeated with the same state, 0 with another\n',
    });
  });

  test.each([
    ['a state', `update contents set text = replace(text, 'non_compliant', 'compliant')`, 4, 'changed'],
    ['an evaluation that is gone', 'delete from evaluations where number = 4', 4, 'missing'],
    [
      'one that is hidden under another control',
      `insert into series values (99, 'hidden', 'AUD-02'); update evaluations set series = 99 where number = 4`,
      4,
      'unreadable',
    ],
    ['one that is listed nowhere', 'update evaluations set series = 98 where number = 4', 4, 'unreadable'],
  ])('names %s', async (_, sql, number, how) => {
    tamper(sql);
    const { code, stdout } = await evidence('verify', '--json');
    expect(code).toBe(1);
    const report = z
      .looseObject({ verdict: z.literal('altered'), findings: z.array(z.string()) })
      .parse(JSON.parse(stdout));
    expect(report.findings.join('\n')).toMatch(new RegExp(`evaluation ${number}, sealed .* is ${how}`));
  });

  test('finds by repeating that a pass was kept with a value that its limit does not allow', async () => {
    const checks = evaluation(0).checks.map((check, at) => (at === 0 ? { ...check, value: '5' } : check));
    await kept([evaluation(9, { checks })]);
    const { code, stdout } = await evidence('verify', '--repeat');
    expect(code).toBe(1);
    expect(stdout).toMatch(/evaluation 9, AUD-02 at \S+: missing passes with 5, which its limit does not\s+allow/);
  });

  test('refuses another key, and a log that somebody wrote anew', async () => {
    const other = generateSealKey(ORIGIN).vkey;
    expect((await evidence('verify', '--key', other)).code).toBe(1);
    const log = join(folder, 'seal', 'log.jsonl');
    writeFileSync(log, readFileSync(log, 'utf8').replace('evaluations', 'evaluationz'));
    expect((await evidence('verify', '--key', key.vkey)).code).toBe(1);
  });

  test('finds by an anchor that the end of the log and what is trusted of it were cut off', async () => {
    const anchors = [{ kind: 'directory', name: 'second', directory: join(folder, 'anchor') }];
    const key = `\${file:${join(folder, 'key.pem')}}`;
    described = describeBoard({ origin: ORIGIN, key, directory: join(folder, 'seal'), anchors });
    const log = join(folder, 'seal', 'log.jsonl');
    mkdirSync(join(folder, 'anchor'));
    expect((await evidence('verify')).stdout).toMatch(/unknown\n {2}- the anchor second: it holds nothing/);
    const text = readFileSync(log, 'utf8');
    writeFileSync(join(folder, 'anchor', `${originName(ORIGIN)}.log.jsonl`), text);
    expect((await evidence('verify')).code).toBe(0);
    writeFileSync(log, `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`);
    rmSync(join(folder, 'seal', 'trusted.json'));
    const { code, stdout } = await evidence('verify');
    expect(code).toBe(1);
    expect(stdout).toContain('the anchor second: ');
  });

  test('cannot tell without a seal, and says so', async () => {
    described = describeBoard(undefined);
    const { code, stdout } = await evidence('verify', '--repeat');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^\? unknown\n {2}- the evidence is not sealed/);
    expect(stdout).toContain('8 repeated with the same state');
    expect(await evidence('prove', '1')).toMatchObject({ code: 2, stderr: expect.stringContaining('is not sealed') });
  });
});

describe('prove', () => {
  test('makes a document that the published key checks, and a changed one does not pass', async () => {
    const out = join(folder, 'proof.json');
    expect(await evidence('prove', '4', '--out', out)).toMatchObject({ code: 0, stdout: '' });
    const checked = await kopHere('evidence', 'check-proof', out, '--key', key.vkey);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain('AUD-02 was non_compliant at 2026-03-03T12:03:00.000Z: one of the 8 evaluations');
    writeFileSync(out, readFileSync(out, 'utf8').replaceAll('non_compliant', 'compliant'));
    expect(await kopHere('evidence', 'check-proof', out, '--key', key.vkey)).toMatchObject({ code: 1 });
    expect(await kopHere('evidence', 'check-proof', out)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give --key'),
    });
    expect(await kopHere('evidence', 'check-proof', '/dev/zero', '--key', key.vkey)).toMatchObject({ code: 2 });
  });

  test.each([
    ['0', /no number of an evaluation/],
    ['9', /evaluation 9 is not sealed yet/],
  ])('%s is refused', async (number, message) => {
    expect(await evidence('prove', number)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});

test('tables are the SQL of the evidence', async () => {
  expect((await kopHere('evidence', 'tables')).stdout).toContain('create schema compliance_evidence;');
});

test.each(['show', 'export', 'verify', 'prove', 'check-proof', 'tables'])(
  '%s --help has examples and exit codes',
  async (verb) => {
    const { code, stdout } = await kopHere('evidence', verb, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`$ ${kopCall()} evidence `);
    expect(stdout).toMatch(/Exit codes?:/);
  },
);

describe('docs/evidence.md', () => {
  const page = readFileSync('docs/evidence.md', 'utf8');

  test('its commands run, in their order', async () => {
    const [, commands = ''] = /```sh\n(.*?)```/s.exec(page) ?? [];
    writeFileSync(join(folder, 'published.vkey'), `${key.vkey}\n`);
    const lines = commands.trim().split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const words = line
        .replaceAll('SEC-07', 'AUD-02')
        .split(' ')
        .map((word) => (/\.(jsonl|json|vkey)$/.test(word) ? join(folder, word) : word));
      const [program = '', ...args] = words;
      if (program === 'python3') {
        const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
        expect([line, status, stderr]).toEqual([line, 0, '']);
      } else {
        const reads = args[1] === 'check-proof' ? [] : described;
        expect([line, (await kopHere(...args, ...reads)).code]).toEqual([line, 0]);
      }
    }
    expect(readFileSync(join(folder, 'sec-07.jsonl'), 'utf8')).toContain('"evaluations":8');
  });

  test('its leaf is computed so, and its fields are those of an evaluation', () => {
    const [, text = ''] = /```json\n(.*?)\n```/s.exec(page) ?? [];
    const [, leaf] = /```text\n([0-9a-f]{64})\n```/.exec(page) ?? [];
    const document = parseEvaluation(JSON.parse(text));
    expect(canonicalText(document)).toBe(text);
    expect(leafHash(text).toString('hex')).toBe(leaf);
    const fields = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(
      ([, names = '']) => names.match(/\w+/g) ?? [],
    );
    expect(fields.toSorted()).toEqual([...Object.keys(document), 'waiver', 'reason'].toSorted());
  });
});
