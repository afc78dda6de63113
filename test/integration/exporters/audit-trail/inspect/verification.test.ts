import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VerificationRequest, verify } from '../../../../../exporters/audit-trail/inspect/verification.js';
import { parseVkey } from '../../../../../exporters/audit-trail/seal/index.js';
import { CliLab, type Desk, ORIGIN } from '../../../../support/audit-trail/cli-lab.js';

let lab: CliLab;

beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

/** Enough records that a verification takes more than one step. */
async function longLog(): Promise<Desk> {
  const desk = await lab.desk();
  await desk.sql('insert into clients select i, $$n$$ || i, i from generate_series(100, 45000) i');
  await desk.seal();
  return desk;
}

function request(desk: Desk, changes: Partial<VerificationRequest> = {}): VerificationRequest {
  const { seal, database } = desk.trail();
  if (seal === undefined) throw new Error('no seal');
  return {
    origin: ORIGIN,
    logPath: desk.path('seal', 'log.jsonl'),
    keys: [parseVkey(desk.key.vkey)],
    checkpoints: [],
    trail: { seal, access: database },
    isFull: false,
    statePath: desk.path('verify.json'),
    isRestart: false,
    signal: AbortSignal.timeout(60_000),
    ...changes,
  };
}

test('goes on where it was interrupted, and forgets nothing that it had found', async () => {
  const desk = await longLog();
  await desk.sql('delete from audit.log where id = 3');
  const stop = new AbortController();
  const interrupted = await verify(request(desk, { signal: stop.signal, onRows: () => stop.abort() }));
  expect(interrupted.verdict).toBe('failed');
  expect(interrupted.rows).toMatchObject({ isInterrupted: true, isComplete: false });
  const seen = interrupted.rows?.rows ?? 0;
  expect(seen).toBeGreaterThan(0);
  expect(seen).toBeLessThan(44_000);
  const kept = JSON.parse(readFileSync(desk.path('verify.json'), 'utf8'));
  expect(kept.sweep).toMatchObject({ rows: seen, start: 0 });

  const resumed: number[] = [];
  const done = await verify(request(desk, { onRows: ({ rows }) => resumed.push(rows) }));
  // It did not begin anew, and the record that is missing lies in what was read before.
  expect(resumed[0]).toBeGreaterThan(seen);
  expect(done).toMatchObject({ verdict: 'failed', rows: { isComplete: true } });
  expect(done.rows?.failures[0]?.missing).toMatchObject([{ id: '3' }]);

  const anew: number[] = [];
  await verify(request(desk, { isRestart: true, onRows: ({ rows }) => anew.push(rows) }));
  expect(anew[0]).toBeLessThanOrEqual(seen);
});

test('an interruption alone is no verdict', async () => {
  const desk = await longLog();
  const stop = new AbortController();
  const result = await verify(request(desk, { signal: stop.signal, onRows: () => stop.abort() }));
  expect(result).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('interrupted')] });
});

test('what earlier verifications remembered cannot be lost in silence', async () => {
  const desk = await lab.desk();
  await desk.seal();
  await verify(request(desk));
  writeFileSync(desk.path('verify.json'), '{"version":1');
  await expect(verify(request(desk))).rejects.toThrow('what earlier verifications remembered');
});

test('with every anchor silent, a rollback of the whole log could not be seen', async () => {
  const desk = await lab.desk();
  await desk.seal();
  const base = request(desk);
  const { trail } = base;
  if (trail === undefined) throw new Error('no trail');
  const anchors = [{ kind: 'http', name: 'witness', url: 'http://127.0.0.1:1/', timeoutMs: 100 }] as const;
  const result = await verify({ ...base, trail: { ...trail, seal: { ...trail.seal, anchors } } });
  expect(result).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('no anchor could be asked')] });
});

test('an anchor that holds nothing beside a log with entries is not taken for one that agrees', async () => {
  const desk = await lab.desk();
  await desk.seal();
  expect((await verify(request(desk))).verdict).toBe('verified');
  rmSync(desk.path('anchor', 'test.example_audit.log.jsonl'));
  expect(await verify(request(desk))).toMatchObject({
    verdict: 'unknown',
    anchors: [{ name: 'second', answered: false }],
    reasons: [expect.stringContaining('anchor second: it holds nothing, although the log has entries')],
  });
  const { code, stdout } = await desk.kop('verify');
  expect({ code, stdout }).toMatchObject({ code: 2, stdout: expect.stringContaining('it was emptied') });
  await desk.seal();
  expect((await verify(request(desk))).verdict).toBe('verified');
});
