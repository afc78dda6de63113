import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createAuditTrailExporter } from '../../exporters/audit-trail/index.js';
import type { CollectContext } from '../../exporters/runtime/collector.js';
import type { Exporter } from '../../exporters/runtime/exporter.js';
import { Redactor, silentLogger } from '../../exporters/runtime/log.js';
import { MetricStore, renderFamilies } from '../../exporters/runtime/metrics/index.js';
import { wholeShard } from '../../exporters/runtime/shard.js';
import type { StateKeeper } from '../../exporters/runtime/state/index.js';
import { loadPack } from '../../pack/index.js';
import { verificationKinds } from '../../pack/sealing/model.js';
import { CliLab, type Desk } from '../support/audit-trail/cli-lab.js';
import { stateIn } from '../support/state.js';

let lab: CliLab;
let desk: Desk;
let exporter: Exporter | undefined;
let store: MetricStore;
let state: StateKeeper;

beforeAll(async () => {
  lab = await CliLab.open();
});
beforeEach(async () => {
  desk = await lab.desk('records: { preset: kop }\n    comparisons: [provider-switches]');
  state = stateIn(desk.path('state'));
  for (const [name, value] of Object.entries(desk.env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  await exporter?.stop();
  exporter = undefined;
  await state.close();
  vi.unstubAllEnvs();
});
afterAll(() => lab.close());

async function configured(): Promise<Exporter> {
  store = new MetricStore();
  exporter = createAuditTrailExporter({ log: silentLogger, redactor: new Redactor(), store, shard: wholeShard, state });
  await exporter.configure(loadPack([desk.config]));
  return exporter;
}

/** As a scrape has it: what lies in the store, and what the collectors say. */
async function page(): Promise<string> {
  const context: CollectContext = { signal: AbortSignal.timeout(5_000), now: new Date(), log: silentLogger };
  const collected = await Promise.all((exporter?.collectors ?? []).map((collector) => collector.collect(context)));
  const families = collected.flatMap((each) => (Array.isArray(each) ? each : []));
  return renderFamilies([...store.families(), ...families], 'text');
}

const own = 'portal="portal",trail="trail"';

async function eventually(wanted: RegExp): Promise<string> {
  for (const until = Date.now() + 30_000; ; ) {
    const text = await page();
    if (wanted.test(text)) return text;
    if (Date.now() > until) throw new Error(`${wanted} never was on the page:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('every series of the seal is there from the start, and says that nothing is sealed', async () => {
  await configured();
  const text = await page();
  expect(text).toContain(`audit_trail_checkpoint_size{${own}} 0`);
  expect(text).toContain(`audit_trail_checkpoint_timestamp_seconds{${own}} 0`);
  expect(text).toContain(`audit_trail_anchor_timestamp_seconds{${own},anchor="second"} 0`);
  expect(text).toContain(`audit_trail_disposed_records{${own}} 0`);
  for (const kind of verificationKinds)
    expect(text).toContain(`audit_trail_verification_failures{${own},kind="${kind}"} 0`);
  expect(text).toContain(`audit_trail_evidence_state{${own},source="seal",state="unknown"} 1`);
  // A lag of 0 would say that all is sealed.
  expect(text).not.toContain('audit_trail_seal_lag_seconds{');
  expect(text).not.toContain('audit_trail_verified_ratio{');
});

test('seals, anchors, compares, and says so', async () => {
  const running = await configured();
  await running.start({ signal: new AbortController().signal });
  const text = await eventually(new RegExp(`audit_trail_evidence_state{${own},source="seal",state="ok"} 1`));
  expect(text).toContain(`audit_trail_checkpoint_size{${own}} 46`);
  expect(text).toContain(`audit_trail_seal_lag_seconds{${own}} 0`);
  await eventually(new RegExp(`audit_trail_anchor_timestamp_seconds{${own},anchor="second"} 1\\d{9}`));
  // The tables of this comparison are not here: absent, not 0.
  const later = await eventually(/audit_trail_last_check_timestamp_seconds{.*check="comparisons"} 1/);
  expect(later).not.toContain('audit_trail_comparison_findings{');
});

test('says unknown, and why, when the key is gone', async () => {
  const pack = loadPack([desk.config]);
  rmSync(desk.path('seal.pem'));
  store = new MetricStore();
  exporter = createAuditTrailExporter({ log: silentLogger, redactor: new Redactor(), store, shard: wholeShard, state });
  await exporter.configure(pack);
  await exporter.start({ signal: new AbortController().signal });
  // Before the first try it is unknown as well, for another reason.
  const shown = () => JSON.stringify(exporter?.sections?.());
  await vi.waitFor(() => expect(shown()).toContain('seal.pem cannot be read'), { timeout: 30_000, interval: 100 });
  const text = await page();
  expect(text).toContain(`audit_trail_evidence_state{${own},source="seal",state="unknown"} 1`);
  expect(text).toContain(`audit_trail_checkpoint_size{${own}} 0`);
});

test('is not ready, and says why, while a sealer on another host holds the log; it takes over from a dead one', async () => {
  const lock = desk.path('seal', 'lock');
  mkdirSync(desk.path('seal'), { recursive: true });
  writeFileSync(lock, JSON.stringify({ pid: 1, started: '1', boot: 'x', host: 'pod-a', nonce: 'n' }));
  const running = await configured();
  await running.start({ signal: new AbortController().signal });
  await vi.waitFor(
    () =>
      expect(running.ready()).toEqual({
        ready: false,
        reason: expect.stringMatching(/trail trail is not sealed here: another sealer \(process 1 on pod-a\) holds/),
      }),
    { timeout: 30_000, interval: 100 },
  );
  // By this the alert AuditEvidenceUnknown fires.
  expect(await page()).toContain(`audit_trail_evidence_state{${own},source="seal",state="unknown"} 1`);
  utimesSync(lock, new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
  await vi.waitFor(() => expect(running.ready()).toEqual({ ready: true }), { timeout: 30_000, interval: 100 });
});

test('without a database all is unknown, and the page is there', async () => {
  vi.stubEnv('KOP_TEST_AUDIT_URL', undefined);
  store = new MetricStore();
  exporter = createAuditTrailExporter({ log: silentLogger, redactor: new Redactor(), store, shard: wholeShard, state });
  await exporter.configure(loadPack([desk.config], { allowUnconnected: true }));
  await exporter.start({ signal: new AbortController().signal });
  for (let wait = 0; !exporter.ready().ready && wait < 100; wait += 1) await new Promise((r) => setTimeout(r, 50));
  expect(exporter.ready()).toEqual({ ready: true });
  const text = await page();
  expect(text).toContain(`audit_trail_evidence_state{${own},source="connection",state="unknown"} 1`);
  expect(text).not.toMatch(/state="ok"} 1/);
  expect(JSON.stringify(exporter.sections?.())).toContain('KOP_TEST_AUDIT_URL is not set');
});
