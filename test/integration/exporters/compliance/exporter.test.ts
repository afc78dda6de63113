import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { openSealedEvidence } from '../../../../exporters/compliance/evidence/seal/evidence-log.js';
import { verifyEvaluations } from '../../../../exporters/compliance/evidence/seal/verify-evaluations.js';
import { EVIDENCE_FILE } from '../../../../exporters/compliance/evidence/store/database-file.js';
import { openEmbeddedStore } from '../../../../exporters/compliance/evidence/store/embedded.js';
import { createComplianceExporter } from '../../../../exporters/compliance/index.js';
import { isNoData } from '../../../../exporters/runtime/collector.js';
import type { Exporter } from '../../../../exporters/runtime/exporter.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { MetricStore } from '../../../../exporters/runtime/metrics/index.js';
import { Redactor } from '../../../../exporters/runtime/redactor.js';
import { generateSealKey } from '../../../../exporters/runtime/sealing/signing/keys.js';
import { parseVkey } from '../../../../exporters/runtime/sealing/signing/note.js';
import { wholeShard } from '../../../../exporters/runtime/shard.js';
import type { ComplianceBoard, ControlCheck } from '../../../../pack/compliance/model/index.js';
import { loadPack, type Pack } from '../../../../pack/index.js';
import { SecretText } from '../../../../pack/secrets/secret.js';
import { boardOf, controlOf, london, promqlCheck } from '../../../support/compliance/board.js';
import { prometheusOf } from '../../../support/compliance/servers.js';
import { stateIn } from '../../../support/state.js';
import { portal } from '../../../support/workflow/domain.js';

const base = loadPack([], { requireSecrets: false });
const packOf = (board: ComplianceBoard): Pack => ({
  ...base,
  portals: [portal('http://127.0.0.1:1')],
  calendars: [london],
  compliance: [board],
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kop-compliance-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Running {
  readonly exporter: Exporter;
  /** Value of a series; undefined where there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
  status(control: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

async function running(first: ComplianceBoard, directory = folder()): Promise<Running> {
  const state = stateIn(directory);
  const store = new MetricStore();
  const exporter = createComplianceExporter({
    log: silentLogger,
    redactor: new Redactor(),
    store,
    state,
    shard: wholeShard,
  });
  const abort = new AbortController();
  await exporter.configure(packOf(first));
  await exporter.start({ signal: abort.signal });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await exporter.stop();
    await state.close();
  };
  onTestFinished(stop);
  const metric: Running['metric'] = async (name, labels = {}) => {
    const [collector] = exporter.collectors;
    const families = await collector?.collect({ signal: abort.signal, now: new Date(), log: silentLogger });
    if (families === undefined || isNoData(families)) return undefined;
    const samples = families.find(({ decl }) => decl.name === name)?.samples ?? [];
    for (const sample of samples) {
      if (
        'value' in sample &&
        Object.entries(labels).every(([key, value]) => sample.labels.includes(`${key}="${value}"`))
      )
        return sample.value;
    }
    return undefined;
  };
  const status = async (control: string) => {
    for (const each of ['compliant', 'non_compliant', 'at_risk', 'unknown', 'waived', 'not_applicable']) {
      if ((await metric('compliance_control_status', { control, status: each })) === 1) return each;
    }
    return undefined;
  };
  return { exporter, metric, status, stop };
}

/** Evaluated twice a second, by a Prometheus whose answers the test changes. */
async function watched(change: Partial<ComplianceBoard> = {}, directory = folder()) {
  const answers: Record<string, unknown> = { faults: [0], up: [1] };
  const url = await prometheusOf(() => answers);
  const control = controlOf([promqlCheck()], {
    intervalMs: 100,
    tests: [
      { given: { one: 0 }, want: 'compliant' },
      { given: { one: 1 }, want: 'non_compliant' },
    ],
  });
  const board = boardOf([control], { prometheus: { url }, ...change });
  return { ...(await running(board, directory)), answers, control, directory, board };
}

test('a control is unknown until it was evaluated, and follows what its source says', async () => {
  const { status, metric, answers, exporter } = await watched();
  expect(['unknown', 'compliant']).toContain(await status('AUD-02'));
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('compliant');
  expect(exporter.ready()).toEqual({ ready: true });
  expect(await metric('compliance_area_score_ratio', { area: 'audit_requirements' })).toBe(1);
  expect(await metric('compliance_control_value', { control: 'AUD-02', check: 'one' })).toBe(0);
  const since = () => metric('compliance_control_status_since_timestamp_seconds', { control: 'AUD-02' });
  const met = await since();
  expect(await since()).toBe(met);
  answers.faults = [2];
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('non_compliant');
  expect(await since()).toBeGreaterThan(met ?? Number.POSITIVE_INFINITY);
  expect(await metric('compliance_control_threshold', { check: 'one' })).toBe(0);
  answers.faults = [];
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('unknown');
  await expect
    .poll(() => metric('compliance_control_evaluation_failures_total', { reason: 'unknown' }))
    .toBeGreaterThan(0);
  answers.faults = [0];
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('compliant');
  expect(exporter.sections?.()[0]?.intro).toContain('1 of 1 applicable controls are compliant');
});

test('exactly one state is 1, raw and effective, and a waiver covers a failure as long as it holds', async () => {
  const waiver = {
    id: 'W-1',
    control: 'AUD-02',
    reason: 'r',
    compensating: 'c',
    requestedBy: 'a',
    approvedBy: 'b',
    approvedOn: '2020-01-01',
    expiresOn: '2999-01-01',
    coversUnknown: false,
  };
  const { status, metric, answers } = await watched({ waivers: [waiver] });
  answers.faults = [1];
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('waived');
  expect(await metric('compliance_control_raw_status', { status: 'non_compliant' })).toBe(1);
  expect(await metric('compliance_waiver_expiry_timestamp_seconds', { waiver: 'W-1' })).toBe(
    Date.parse('2999-01-02') / 1000,
  );
  expect(await metric('compliance_area_score_ratio')).toBe(0);
});

test('a control that has yet to take effect says whether it would be met', async () => {
  const control = controlOf([promqlCheck()], { intervalMs: 100, effective: { from: '2999-01-01' } });
  const { status, metric, answers } = await watched({ controls: [control] });
  const ready = () => metric('compliance_control_coming_ready', { control: 'AUD-02' });
  await expect.poll(ready, { timeout: 10_000 }).toBe(1);
  answers.faults = [];
  await expect.poll(ready, { timeout: 10_000 }).toBe(0);
  expect(await status('AUD-02')).toBe('not_applicable');
  expect(await metric('compliance_prometheus_up')).toBe(1);
});

test('a Prometheus and a database that do not answer are told', async () => {
  const nobody = { url: 'http://127.0.0.1:1' };
  const database = {
    name: 'portal',
    url: SecretText.literal('postgres://reader@127.0.0.1:1/portal'),
    statementTimeoutMs: 1000,
    maxConnections: 1,
  };
  const rows: ControlCheck = {
    kind: 'sql',
    name: 'rows',
    title: 'Rows',
    unit: 'count',
    failsAfterMs: 0,
    database: 'portal',
    query: 'select 0 as value',
    expect: { operator: '==', limit: 0 },
  };
  const { status, metric } = await running(
    boardOf([controlOf([promqlCheck(), rows])], { prometheus: nobody, databases: [database] }),
  );
  await expect.poll(() => metric('compliance_prometheus_up'), { timeout: 10_000 }).toBe(0);
  await expect.poll(() => metric('compliance_database_up', { database: 'portal' }), { timeout: 10_000 }).toBe(0);
  expect(await status('AUD-02')).toBe('unknown');
  expect(await metric('compliance_control_coming_ready')).toBeUndefined();
});

test('each evaluation is kept and sealed, and the API shows what changed', async () => {
  const key = generateSealKey('kingston.example/evidence');
  const directory = folder();
  const seal = {
    origin: 'kingston.example/evidence',
    key: SecretText.literal(key.privateKey),
    directory: join(directory, 'seal'),
    intervalMs: 200,
    maxRowsPerChunk: 100,
    verifyWithinMs: 1000,
    anchors: [],
  };
  const { status, metric, answers, exporter, stop } = await watched(
    { evidence: { retentionDays: 1, seal } },
    directory,
  );
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('compliant');
  answers.faults = [1];
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('non_compliant');
  await expect
    .poll(() => metric('compliance_evidence_checkpoint_timestamp_seconds'), { timeout: 10_000 })
    .toBeGreaterThan(0);
  const router = express.Router();
  exporter.mount?.(router);
  const server = createServer(express().use(router)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}/api/v1${path}`)).json();
  expect(await get('/controls')).toMatchObject({
    summary: { applicable: 1 },
    items: [{ id: 'AUD-02', status: 'non_compliant' }],
  });
  expect(await get('/controls/AUD-02')).toMatchObject({
    checks: [{ outcome: 'fail', value: '1', operator: '==', limit: '0' }],
  });
  expect(await get('/history')).toMatchObject({
    items: [{ status: 'non_compliant', before: 'compliant' }, { status: 'compliant' }],
  });
  server.close();
  await stop();
  const evidence = await openEmbeddedStore(join(directory, 'compliance', 'evidence-kingston'), { readOnly: true });
  const sealed = await openSealedEvidence({
    directory: seal.directory,
    origin: seal.origin,
    keys: [parseVkey(key.vkey)],
    readOnly: true,
  });
  const verified = await verifyEvaluations({ evidence, sealed, signal: new AbortController().signal });
  expect(verified).toMatchObject({ altered: [], alteredEntries: [], alteredTransitions: [] });
  expect(verified.unsealed).toBeLessThan(5);
  expect(verified.verified).toBeGreaterThan(1);
  const [newest] = await evidence.find({ control: 'AUD-02' }, 1);
  const definition = await evidence.definition(newest?.document.definition ?? '');
  expect(JSON.parse(definition ?? '')).toMatchObject({ id: 'AUD-02', checks: [{ query: 'faults' }] });
  await sealed.close();
  await evidence.close();
});

test('a store that is damaged makes every control unknown, never compliant, and a known failure stays one', async () => {
  const directory = folder();
  const before = await watched({}, directory);
  await expect.poll(() => before.status('AUD-02'), { timeout: 10_000 }).toBe('compliant');
  await before.stop();
  writeFileSync(join(directory, 'compliance', 'evidence-kingston', EVIDENCE_FILE), 'x'.repeat(10_000));
  const after = await watched({}, directory);
  await expect
    .poll(() => after.metric('compliance_control_last_evaluation_timestamp_seconds'), { timeout: 10_000 })
    .toBeGreaterThan(0);
  expect(await after.status('AUD-02')).toBe('unknown');
  expect(await after.metric('compliance_evidence_kept')).toBe(0);
  expect(after.exporter.sections?.()[0]?.table?.rows[0]?.[2]).toContain('is damaged');
  after.answers.faults = [1];
  await expect.poll(() => after.status('AUD-02'), { timeout: 10_000 }).toBe('non_compliant');
});

test('a failure that has to last goes on counting over a restart', async () => {
  const directory = folder();
  const slow = controlOf([promqlCheck({ failsAfterMs: 3000 })], { intervalMs: 100 });
  const first = await watched({ controls: [slow] }, directory);
  first.answers.faults = [1];
  await expect.poll(() => first.status('AUD-02'), { timeout: 10_000 }).toBe('at_risk');
  await first.stop();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const second = await watched({ controls: [slow] }, directory);
  second.answers.faults = [1];
  await expect.poll(() => second.status('AUD-02'), { interval: 20, timeout: 2500 }).toBe('non_compliant');
});

test('a changed catalogue takes the place of the old one; an unchanged board is not interrupted', async () => {
  const { exporter, board, status, metric, control } = await watched();
  await expect.poll(() => status('AUD-02'), { timeout: 10_000 }).toBe('compliant');
  const evaluated = await metric('compliance_control_last_evaluation_timestamp_seconds', { control: 'AUD-02' });
  await exporter.configure(packOf(board));
  expect(
    await metric('compliance_control_last_evaluation_timestamp_seconds', { control: 'AUD-02' }),
  ).toBeGreaterThanOrEqual(evaluated ?? 0);
  expect(await status('AUD-02')).toBe('compliant');
  const checks = [promqlCheck({ expect: { operator: '>', limit: 0 } })];
  await exporter.configure(packOf({ ...board, controls: [{ ...control, id: 'AUD-03', checks }] }));
  await expect.poll(() => status('AUD-03'), { timeout: 10_000 }).toBe('non_compliant');
  expect(await status('AUD-02')).toBeUndefined();
});

test('the evaluator is examined with known answers, and a wrong one lowers its accuracy', async () => {
  const right = await watched();
  await expect.poll(() => right.metric('compliance_validation_accuracy_ratio'), { timeout: 10_000 }).toBe(1);
  const wrong = controlOf([promqlCheck()], { intervalMs: 100, tests: [{ given: { one: 1 }, want: 'compliant' }] });
  const mistaken = await watched({ controls: [wrong] });
  await expect.poll(() => mistaken.metric('compliance_validation_accuracy_ratio'), { timeout: 10_000 }).toBe(0.9);
});
