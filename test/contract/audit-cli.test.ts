import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { generateSealKey } from '../../exporters/audit-trail/seal/index.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { CliLab, type Desk, kop, kopApart, ORIGIN } from '../support/audit-trail/cli-lab.js';
import { DeskWatch } from '../support/audit-trail/desk-watch.js';
import { kopHere } from '../support/cli.js';

let lab: CliLab;

beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

const verbs = [
  'status',
  'explain',
  'verify',
  'prove',
  'check-proof',
  'baseline',
  'maintenance',
  'dispose',
  'accept-epoch',
  'install',
  'keygen',
];
const CHECK_PROOF = join('docs', 'verify', 'check_proof.py');
const isAbsent = (program: string) => spawnSync(program, ['--version']).error !== undefined;
const by = ['--by', 'E. Hart', '--reason', 'INC-212'];

/** As if no line had been wrapped. */
const flowing = (text: string) => text.replaceAll(/\s+/g, ' ');

/** A desk with two checkpoints. */
async function sealed(): Promise<Desk> {
  const desk = await lab.desk();
  await desk.seal();
  await desk.sql("update clients set balance = 0 where id between 11 and 15; insert into notes values (6, 'late')");
  await desk.seal();
  return desk;
}

describe('kop audit', () => {
  test('lists its verbs, and each says what it is for, with examples and exit codes', async () => {
    const help = await kopHere('audit', '--help');
    for (const verb of verbs) expect(help.stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
    for (const verb of verbs) {
      const { code, stdout } = await kopHere('audit', verb, '--help');
      expect(code).toBe(0);
      expect(stdout).toContain(`Examples:\n  $ ${kopCall()} audit `);
      expect(stdout).toContain('Exit codes:');
    }
  });

  test.each([
    [['statsu'], /unknown command 'statsu'\n\(Did you mean status\?\)/],
    [['status', '--trial', 'x'], /unknown option '--trial'\n\(Did you mean --trail\?\)/],
    [['status', '--trail', 'kingstn'], /no audit trail 'kingstn'; did you mean 'kingston'\?/],
    [['status'], /trail kingston is not connected: set KINGSTON_AUDIT_DATABASE_URL/],
    [['verify'], /trail kingston is not sealed/],
    [['prove', '1'], /trail kingston is not sealed/],
    [['verify', '--log', 'copy.jsonl'], /give --key/],
    [
      ['verify', '--key', 'nonsense'],
      /"nonsense" is no verifier key, and no file that can be read; expected name\+keyid\+base64/,
    ],
    [['check-proof', '/nowhere.json', '--key', 'nonsense'], /no verifier key/],
    [['check-proof', '/nowhere.json', '--key', '/dev/zero'], /\/dev\/zero is a device/],
    [['check-proof', '/dev/zero', '--key', generateSealKey(ORIGIN).vkey], /\/dev\/zero is a device/],
    [['verify', '--log', '/dev/zero', '--key', generateSealKey(ORIGIN).vkey], /\/dev\/zero is no regular file/],
    [['maintenance', ...by, '--until', 'tomorrow'], /Expected a moment such as/],
    [['maintenance', ...by, '--until', '2020-01-01T00:00Z'], /it would end before it begins/],
    [['baseline', '--by', 'E. Hart'], /required option '--reason <text>' not specified/],
    [['baseline', ...by, 'clients'], /Expected a table as schema\.table/],
    [['dispose', ...by, '--entries', '9..2'], /Expected the first and the last entry/],
    [['keygen'], /required option '--out <file>' not specified/],
    [['keygen', '--out', '/tmp/never.pem'], /names no origin yet; say --origin/],
  ])('refuses %j with 2', async (args, message) => {
    vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, stderr, stdout } = await kopHere('audit', ...args);
    expect(`${stdout}${stderr}`).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('a portal without an audit trail', () => {
  test('is reported as exactly that: 0 of 22, what can be compared, what nobody can say', async () => {
    const env = {
      KINGSTON_AUDIT_DATABASE_URL: await lab.kingstonToday(),
      KOP_STATE_DIRECTORY: join(lab.folder, 'today'),
    };
    const { code, stdout, stderr } = await kopApart(['audit', 'status'], env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/Covered {3}0 of 22/);
    expect(stdout).toMatch(/Unknown {2}22 of 22/);
    expect(stdout).toMatch(/public\.client_groups +unknown +0 % +- +no audit records/);
    expect(stdout).toMatch(/orphaned-valuations +0 of \d+ +proof/);
    expect(flowing(stdout)).toContain(`or create one: ${kopCall()} audit install`);
    expect(stdout).toContain('who changed what, when and why: there are no audit records');
    expect(stdout).not.toContain('\u001b');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);

    const json = await kop(['audit', 'status', '--json'], env);
    const [report] = JSON.parse(json.stdout);
    expect(report.status).toMatchObject({ tablesInScope: 22, tablesCovered: 0 });
    expect(report.comparisons).toHaveLength(6);

    const explained = await kop(['audit', 'explain', 'client_groups'], env);
    expect(explained.code).toBe(1);
    expect(explained.stdout).toContain('no trigger on public.client_groups records INSERT');
    const misspelt = await kop(['audit', 'explain', 'client_group'], env);
    expect(misspelt).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean 'public.client_groups'?"),
    });
  });

  test('and without a database needs none to be checked or started; who asks for it by name does', async () => {
    const env = { KINGSTON_PROBE_EMAIL: 'a@example.com', KINGSTON_PROBE_PASSWORD: 'long-enough' };
    const checked = await kop(['check'], env);
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Audit trail kingston is not connected'),
    });
    expect(await kopApart(['exporters', '--config.check'], env)).toMatchObject({ code: 0 });
    const named = await kopApart(['exporters', 'audit-trail', '--config.check'], env);
    expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining('KINGSTON_AUDIT_DATABASE_URL is not set') });
  });
});

describe('kop audit keygen', () => {
  test('keeps the private key to its owner, and never writes over one', async () => {
    const out = join(lab.folder, 'fresh.pem');
    const made = await kopApart(['audit', 'keygen', '--origin', ORIGIN, '--out', out]);
    expect(made.stdout).toMatch(/^test\.example\/audit\+[0-9a-f]{8}\+\S+\n$/);
    expect(made.stdout).not.toContain('PRIVATE');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const pem = readFileSync(out, 'utf8');
    const again = await kop(['audit', 'keygen', '--origin', ORIGIN, '--out', out]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(out, 'utf8')).toBe(pem);
  });
});

describe('kop audit verify', () => {
  test('says whose word it rests on, remembers, and goes on from there', async () => {
    const desk = await sealed();
    const first = await desk.kop('verify');
    expect(first.stdout).toMatch(/✓ log {6}2 checkpoints over 52 records/);
    expect(first.stdout).toMatch(/✓ rows {5}52 records in 2 chunks from entry 0/);
    expect(first.stdout).toContain('The key was taken from the log itself');
    expect(first.code).toBe(0);
    const pinned = await desk.kop('verify', '--key', desk.path('public.vkey'));
    expect(pinned.code).toBe(0);
    expect(pinned.stdout).not.toContain('taken from the log');
    expect(pinned.stdout).toContain('entries 0 to 1 compared by');
    const full = await desk.kop('verify', '--full', '--json');
    expect(JSON.parse(full.stdout)).toMatchObject({
      verdict: 'verified',
      keySource: 'pinned before',
      rows: { rows: 52, start: 0, isComplete: true },
    });
  });

  test('of a copy of the log needs the published key and nothing else', async () => {
    const desk = await sealed();
    const copy = desk.path('anchor', 'test.example_audit.log.jsonl');
    const fine = await kop(['audit', 'verify', '--log', copy, '--key', desk.key.vkey]);
    expect(fine).toMatchObject({ code: 0, stdout: expect.stringContaining('only the log was given') });
    writeFileSync(copy, readFileSync(copy, 'utf8').replace('"count', '"kount'));
    expect((await kop(['audit', 'verify', '--log', copy, '--key', desk.key.vkey])).code).toBe(1);
    const nothing = await kop(['audit', 'verify', '--log', desk.path('none.jsonl'), '--key', desk.key.vkey]);
    expect(nothing).toMatchObject({ code: 2, stdout: expect.stringContaining('Cannot tell') });
  });

  test('names what was changed, removed and slipped in, and goes on failing', async () => {
    const desk = await sealed();
    expect((await desk.kop('verify')).code).toBe(0);
    await desk.sql(`
      update audit.log set actor = 'bob' where id = 36; delete from audit.log where id = 37;
      insert into audit.log (id, xact_id, op, relid, table_schema, table_name)
      select 9001, xact_id, 'UPDATE', relid, 'public', 'clients' from audit.log where id = 1`);
    const { code, stdout } = await desk.kop('verify', '--full');
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAILED\n {2}- 1 chunk is not as sealed/);
    expect(stdout).toContain('changed: record 36');
    expect(stdout).toContain('missing: record 37');
    expect(stdout).toContain('added: record 9001');
    // What failed is compared again, although an earlier verification had passed it.
    expect((await desk.kop('verify')).code).toBe(1);
  });

  test('notices a log that was rolled back, by what it remembers and by the anchor', async () => {
    const desk = await lab.desk();
    await desk.seal();
    for (const name of ['log.jsonl', 'trusted.json']) copyFileSync(desk.path('seal', name), desk.path(name));
    copyFileSync(desk.path('anchor', 'test.example_audit.log.jsonl'), desk.path('anchor.jsonl'));
    await desk.sql('update clients set balance = 1 where id = 1');
    await desk.seal();
    expect((await desk.kop('verify')).code).toBe(0);
    for (const name of ['log.jsonl', 'trusted.json']) copyFileSync(desk.path(name), desk.path('seal', name));
    const byAnchor = await desk.kop('verify', '--state-directory', desk.path('another'));
    expect(byAnchor).toMatchObject({ code: 1, stdout: expect.stringContaining('exists elsewhere') });
    copyFileSync(desk.path('anchor.jsonl'), desk.path('anchor', 'test.example_audit.log.jsonl'));
    const byMemory = await desk.kop('verify');
    expect(byMemory).toMatchObject({ code: 1, stdout: expect.stringContaining('it was rolled back or cut') });
    // Without either, nobody could tell: that is what anchors are for.
    expect((await desk.kop('verify', '--state-directory', desk.path('another'))).code).toBe(0);
  });

  test('fails with a key that is not the one that signed', async () => {
    const desk = await sealed();
    const other = await kop(['audit', 'keygen', '--origin', ORIGIN, '--out', desk.path('other.pem')]);
    const { code, stdout } = await desk.kop('verify', '--key', other.stdout.trim());
    expect(code).toBe(1);
    expect(stdout).toContain('✗ log');
    const stranger = await kop(['audit', 'keygen', '--origin', 'other.example', '--out', desk.path('stranger.pem')]);
    const refused = await desk.kop('verify', '--key', stranger.stdout.trim());
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('the key is of "other.example"') });
  });

  test('takes a checkpoint from elsewhere: the log must contain it, and rows are compared behind it', async () => {
    const desk = await lab.desk();
    await desk.seal();
    copyFileSync(desk.path('seal', 'checkpoint'), desk.path('old.checkpoint'));
    await desk.sql('update clients set balance = 1 where id = 1');
    await desk.seal();
    const behind = await desk.kop('verify', '--from-checkpoint', desk.path('old.checkpoint'), '--json');
    expect(JSON.parse(behind.stdout)).toMatchObject({
      verdict: 'verified',
      log: { comparedCheckpoints: 2 },
      rows: { start: 1, rows: 1 },
    });
    // Of another tree under the same key: a fork.
    const twin = await lab.desk();
    await twin.sql('delete from clients where id = 3');
    writeFileSync(twin.path('seal.pem'), desk.key.privateKey);
    await twin.seal();
    const fork = await desk.kop('verify', '--from-checkpoint', twin.path('seal', 'checkpoint'));
    expect(fork).toMatchObject({ code: 1, stdout: expect.stringMatching(/fork|elsewhere/) });
  });

  test('cannot tell without a database, and proves the log all the same', async () => {
    const desk = await sealed();
    const away = { KOP_TEST_AUDIT_URL: 'postgres://auditor@127.0.0.1:1/none' };
    const { code, stderr } = await kop(
      ['audit', 'verify', '--config.file', desk.config, '--state-directory', desk.path('state')],
      away,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('ECONNREFUSED');
  });
});

describe('kop audit prove and check-proof', () => {
  test('let a third party check a record with the document and the published key alone', async () => {
    const desk = await sealed();
    const proof = desk.path('36.json');
    const proven = await desk.kop('prove', '36', '--with-text', '--out', proof);
    expect(proven).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('Record 36 is leaf') });
    const check = (file: string, key: string) => kop(['audit', 'check-proof', file, '--key', key]);
    expect(await check(proof, desk.path('public.vkey'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the record is one of the 52 that the checkpoint covers, with this text'),
    });
    const document = JSON.parse(readFileSync(proof, 'utf8'));
    writeFileSync(desk.path('lie.json'), JSON.stringify({ ...document, text: document.text.replace('ann', 'bob') }));
    expect(await check(desk.path('lie.json'), desk.key.vkey)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it is not the record that was sealed'),
    });
    writeFileSync(
      desk.path('other.json'),
      JSON.stringify({ ...document, record: { ...document.record, id: document.record.order } }),
    );
    expect(await check(desk.path('other.json'), desk.key.vkey)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('the text is of another record than the document says'),
    });
    writeFileSync(desk.path('none.json'), 'no JSON');
    expect((await check(desk.path('none.json'), desk.key.vkey)).code).toBe(2);
    const { stdout } = await desk.kop('prove', '36');
    expect(JSON.parse(stdout)).not.toHaveProperty('text');
    writeFileSync(desk.path('bare.json'), stdout);
    expect(await check(desk.path('bare.json'), desk.key.vkey)).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('does not show which record this is'),
    });
  });

  test.skipIf(isAbsent('python3') || isAbsent('openssl'))('need nothing of ours: Python checks the same', async () => {
    const desk = await sealed();
    const proof = desk.path('36.json');
    expect(await desk.kop('prove', '36', '--with-text', '--out', proof)).toMatchObject({ code: 0 });
    const check = (file: string, key: string) => {
      const { status, stdout, stderr } = spawnSync('python3', [CHECK_PROOF, file, key], { encoding: 'utf8' });
      return { status, told: `${stdout}${stderr}`.trim() };
    };
    const { index, text } = JSON.parse(readFileSync(proof, 'utf8'));
    const { status, told: proven } = check(proof, desk.path('public.vkey'));
    expect({ status, lines: proven.split('\n') }).toEqual({
      status: 0,
      lines: [
        `leaf ${index} is under the signed checkpoint of 52 records`,
        'id 36',
        expect.stringMatching(/^order \d+$/),
        `text ${text}`,
      ],
    });
    const lies: readonly [object, string][] = [
      [{ text: JSON.parse(readFileSync(proof, 'utf8')).text.replace('ann', 'bob') }, 'the text is not the record'],
      [{ index: index + 1 }, 'the path leads elsewhere'],
      [{ path: [] }, 'the path is too short'],
    ];
    for (const [lie, told] of lies) {
      writeFileSync(desk.path('lie.json'), JSON.stringify({ ...JSON.parse(readFileSync(proof, 'utf8')), ...lie }));
      expect(check(desk.path('lie.json'), desk.path('public.vkey'))).toEqual({
        status: 1,
        told: expect.stringContaining(`not proven: ${told}`),
      });
    }
    writeFileSync(desk.path('stranger.vkey'), generateSealKey(ORIGIN).vkey);
    expect(check(proof, desk.path('stranger.vkey')).told).toContain('not signed with this key');
  });

  test.skipIf(isAbsent('psql') || isAbsent('openssl'))('name a leaf that psql gives, as the page says', async () => {
    const desk = await sealed();
    const proof = desk.path('36.json');
    expect(await desk.kop('prove', '36', '--out', proof)).toMatchObject({ code: 0 });
    const { leafHash, record } = JSON.parse(readFileSync(proof, 'utf8'));
    const [, recipe = ''] = /```sh\n(export PGOPTIONS=.*?)```/s.exec(readFileSync('docs/audit-trail.md', 'utf8')) ?? [];
    const filled = recipe.replace('xact_id, id, …', record.columns.join(', ')).replace('4711', '36');
    expect(filled).not.toBe(recipe);
    const { hostname, port, username, password, pathname } = new URL(desk.url);
    const access = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password };
    const { stdout, stderr } = spawnSync('sh', ['-c', filled], {
      encoding: 'utf8',
      env: { ...process.env, ...access, PGDATABASE: pathname.slice(1), TZ: 'Asia/Tokyo' },
    });
    expect({ stderr, leafHash: stdout.trim() }).toEqual({ stderr: '', leafHash });
  });

  test('refuse what is not sealed, not there, or not as it was', async () => {
    const desk = await sealed();
    await desk.sql("update notes set text = 'new' where id = 1; update audit.log set actor = 'bob' where id = 36");
    const newest = await desk.sql('select max(id)::text as id from audit.log');
    for (const [id, why] of [
      ['999999', 'has no record 999999'],
      [String(newest[0]?.id), 'is not sealed yet'],
      ['36', 'is not as it was sealed'],
    ] as const) {
      expect(await desk.kop('prove', id)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    }
  });
});

describe('kop audit explain', () => {
  test('says which rows, by a hash that stays the same, unless keys are asked for', async () => {
    const desk = await lab.desk();
    await desk.sql(`
      alter table clients disable trigger kop_audit_row;
      update clients set balance = -1 where id = 7; delete from clients where id = 8;
      alter table clients enable always trigger kop_audit_row`);
    const { code, stdout } = await desk.kop('explain', 'public.clients');
    expect(code).toBe(1);
    expect(stdout).toMatch(/[0-9a-f]{12} +missing +UPDATE +replay +the row changed after its last record, in balance/);
    expect(stdout).toMatch(/[0-9a-f]{12} +missing +DELETE +replay +the row is gone, and no record deletes it/);
    expect(stdout).not.toContain('"id": 7');
    const open = await desk.kop('explain', 'clients', '--show-keys', '--json');
    expect(
      JSON.parse(open.stdout)
        .findings.map(({ key }: { key: string }) => key)
        .sort(),
    ).toEqual(['{"id": 7}', '{"id": 8}']);
    expect((await desk.kop('explain', 'notes')).stdout).toContain('every history is without a gap');
  });
});

describe('kop audit dispose', () => {
  test('keeps what is promised, says what it would do, does it signed, and verification knows', async () => {
    const desk = await sealed();
    const early = await desk.kop('dispose', ...by, '--entries', '0..0');
    expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('retention.keep promises to keep') });
    expect(await desk.kop('dispose', ...by, '--before', '2001-01-01')).toMatchObject({ code: 1 });
    const forced = ['--entries', '0..0', '--despite-retention'];
    const shown = await desk.kop('dispose', ...by, ...forced);
    expect(shown.code).toBe(0);
    expect(flowing(shown.stdout)).toContain('Nothing was changed; --yes does it');
    expect(readFileSync(desk.path('seal', 'log.jsonl'), 'utf8')).not.toContain('INC-212');
    expect((await desk.kop('dispose', ...by, ...forced, '--yes')).code).toBe(0);
    await desk.sql('delete from audit.log where id <= 46');
    const verified = await desk.kop('verify', '--key', desk.key.vkey);
    expect(verified.stdout).toMatch(/46 of them lawfully disposed of/);
    expect(verified.code).toBe(0);
    expect(await desk.kop('prove', '3')).toMatchObject({ code: 2 });
    expect(await desk.kop('dispose', ...by, ...forced, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('disposed of already'),
    });
  });
});

describe('kop audit dispose --before', () => {
  test('passes over what an erasure disposed of between, with a statement for each run of entries', async () => {
    const desk = await sealed();
    await desk.sql('update clients set balance = 1 where id = 1');
    await desk.seal();
    const erasure = ['--entries', '1..1', '--despite-retention', '--yes'];
    expect((await desk.kop('dispose', ...by, ...erasure)).code).toBe(0);
    const before = ['--before', '2999-01-01', '--despite-retention'];
    const shown = await desk.kop('dispose', ...by, ...before, '--json');
    // Entry 3 is the statement about the erasure.
    expect(JSON.parse(shown.stdout)).toMatchObject({
      ranges: [
        { first: 0, last: 0 },
        { first: 2, last: 3 },
      ],
      records: 47,
      done: false,
    });
    const done = await desk.kop('dispose', ...by, ...before, '--yes');
    expect(flowing(done.stdout)).toContain('Disposed of: 47 records under entries 0 to 0, 2 to 3');
    expect(done.code).toBe(0);
    await desk.sql('delete from audit.log');
    expect((await desk.kop('verify', '--key', desk.key.vkey)).code).toBe(0);
    // Only the two statements are left.
    expect((await desk.kop('dispose', ...by, ...before)).code).toBe(1);
  });
});

describe('kop audit accept-epoch', () => {
  test('writes who accepted what and why into the log', async () => {
    const desk = await sealed();
    const { code, stdout } = await desk.kop('accept-epoch', ...by);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Epoch 1 accepted in entry 2') });
    expect(readFileSync(desk.path('seal', 'log.jsonl'), 'utf8')).toContain('INC-212');
    expect((await desk.kop('verify')).code).toBe(0);
  });
});

describe('kop audit and a state without a trail', () => {
  test('faults of a trail that was taken out of the description are an error, until they are declared', async () => {
    const desk = await lab.desk();
    const state = desk.path('state', 'audit-trail');
    mkdirSync(state, { recursive: true });
    const kept = 'test/fixtures/audit-trail/earlier/state/audit-trail/trail.observer.json';
    copyFileSync(kept, join(state, 'former.observer.json'));
    const orphans = async () => {
      const { code, stdout } = await desk.kop('status', '--json');
      expect(code).toBe(1);
      return JSON.parse(stdout)[0].orphans;
    };
    expect(await orphans()).toMatchObject([{ trail: 'former', faults: 1 }]);
    const shown = await desk.kop('status');
    expect(flowing(shown.stdout)).toContain(
      'the state of trail former, which is not described any more, holds 1 faults that nobody declared',
    );
    const mistaken = await desk.kop('baseline', ...by, '--orphaned', 'fromer');
    expect(mistaken.code).toBe(2);
    expect(flowing(mistaken.stderr)).toContain('holds no orphaned state of a trail fromer; there is former');
    const declared = await desk.kop('baseline', ...by, '--orphaned', 'former');
    expect([declared.code, flowing(declared.stdout)]).toEqual([
      0,
      expect.stringContaining('Declared for the state of trail former'),
    ]);
    expect(await orphans()).toEqual([]);
    expect(JSON.parse(readFileSync(join(state, 'former.declarations.json'), 'utf8'))).toMatchObject([
      { kind: 'baseline', by: 'E. Hart', reason: 'INC-212' },
    ]);
  });
});

describe('kop audit baseline and maintenance', () => {
  test('write down who declares what and why, for the exporter to take up', async () => {
    const desk = await lab.desk();
    const unread = await desk.kop('baseline', ...by, 'public.clients');
    expect(unread).toMatchObject({ code: 2, stdout: '' });
    expect(unread.stderr).toContain(
      'not declared: no exporter that keeps the state of trail trail was found on this machine, and there is none of it ' +
        `in ${desk.path('state')} (from --state-directory)`,
    );
    expect(existsSync(desk.path('state'))).toBe(false);

    const watch = new DeskWatch(desk);
    await watch.until(() => Object.keys(watch.states).length > 0);
    await watch.close();
    expect((await desk.kop('baseline', ...by, 'public.clients')).stdout).toContain(
      `Declared for public.clients of trail trail, in ${desk.path('state')} (from --state-directory). No exporter runs on that directory now`,
    );
    expect((await desk.kop('maintenance', ...by, '--until', '2999-01-01T00:00Z')).code).toBe(0);
    const kept = JSON.parse(readFileSync(desk.path('state', 'audit-trail', 'trail.declarations.json'), 'utf8'));
    expect(kept).toMatchObject([
      { kind: 'baseline', by: 'E. Hart', reason: 'INC-212', tables: ['public.clients'] },
      { kind: 'maintenance', until: '2999-01-01T00:00:00.000Z' },
    ]);
  });
});

describe('kop audit status', () => {
  test('prints the GRANT that mends what cannot be seen', async () => {
    const desk = await lab.desk();
    await desk.sql(
      'revoke select on audit.log from kop_audit_observer, kop_audit_sealer; revoke pg_read_all_stats from auditor',
    );
    const { code, stdout } = await desk.kop('status').finally(() => desk.sql('grant pg_read_all_stats to auditor'));
    expect(code).toBe(1);
    expect(flowing(stdout)).toContain('GRANT SELECT ON audit.log TO auditor');
    expect(stdout).toMatch(/public\.clients +unknown/);
  });

  test('cannot look at a database that is not there', async () => {
    const desk = await lab.desk();
    const away = { KOP_TEST_AUDIT_URL: 'postgres://auditor@127.0.0.1:1/none' };
    const { code, stdout } = await kop(['audit', 'status', '--config.file', desk.config], away);
    expect(code).toBe(2);
    expect(stdout).toMatch(/connection +unknown +the database cannot be seen/);
  });
});
