import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuditTrailExporter } from '../../exporters/audit-trail/index.js';
import type { Exporter } from '../../exporters/runtime/exporter.js';
import { Redactor, silentLogger } from '../../exporters/runtime/log.js';
import { MetricStore, renderFamilies } from '../../exporters/runtime/metrics/index.js';
import { wholeShard } from '../../exporters/runtime/shard.js';
import type { StateKeeper } from '../../exporters/runtime/state/index.js';
import { evidenceSources } from '../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../pack/audit-trail/model.js';
import { loadPack, type Pack } from '../../pack/index.js';
import { auditTrail } from '../support/audit-trail/domain.js';
import { type AuditFixture, auditFixture, borrowAuditServer } from '../support/audit-trail/fixture.js';
import { stateIn } from '../support/state.js';

let server: Awaited<ReturnType<typeof borrowAuditServer>>;
let pack: Pack;
let fixture: AuditFixture | undefined;
let exporter: Exporter;
let store: MetricStore;
let state: StateKeeper;
const directory = mkdtempSync(join(tmpdir(), 'kop-audit-exporter-'));

beforeAll(async () => {
  state = stateIn(directory);
  server = await borrowAuditServer();
  pack = await loadPack([], { requireSecrets: false });
});
afterAll(async () => {
  await state.close();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  await exporter.stop();
  await fixture?.close();
  fixture = undefined;
});

async function configured(...auditTrails: readonly AuditTrail[]): Promise<void> {
  store = new MetricStore();
  exporter = createAuditTrailExporter({ log: silentLogger, redactor: new Redactor(), store, shard: wholeShard, state });
  await exporter.configure({ ...pack, auditTrails });
}

const page = () => renderFamilies(store.families(), 'text');
const quick = {
  intervalMs: 200,
  confirmIntervalMs: 300,
  resolveWithinMs: 60_000,
  replayRowsPerCycle: 10_000,
  maxLoad: 1,
  catchUpLoad: 1,
  maxClockSkewMs: 2000,
  trustedFunctions: [],
};

async function eventually(isSo: () => boolean): Promise<void> {
  const until = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > until) throw new Error(`it never was so; the page:\n${page()}`);
    await sleep(50);
  }
}

describe('the audit trail exporter', () => {
  test('shows what is known before the first look: that nothing is', async () => {
    await configured(auditTrail('postgres://nobody@127.0.0.1:1/none'));
    const text = page();
    for (const source of evidenceSources)
      expect(text).toContain(
        `audit_trail_evidence_state{portal="kingston",trail="test",source="${source}",state="unknown"} 1`,
      );
    expect(text).toContain('audit_trail_epoch_changes_total{portal="kingston",trail="test",reason="stats_reset"} 0');
    expect(text).toContain('audit_trail_attribution_missing_total{portal="kingston",trail="test",field="actor"} 0');
    expect(text).not.toMatch(/state="ok"\} 1/);
    await exporter.start({ signal: new AbortController().signal });
    expect(exporter.ready()).toEqual({ ready: false, reason: 'not checked yet: test' });
  });

  test('is ready, and says unknown, when the database is not there', async () => {
    await configured(auditTrail('postgres://nobody@127.0.0.1:1/none', { observe: quick }));
    await exporter.start({ signal: new AbortController().signal });
    await eventually(() => exporter.ready().ready);
    expect(page()).toContain('source="connection",state="unknown"} 1');
    expect(JSON.stringify(exporter.sections?.())).toContain('the database cannot be seen');
  });

  test('looks by itself, finds, and stops', async () => {
    fixture = await auditFixture(server);
    await configured({ ...fixture.trail, observe: quick });
    await exporter.start({ signal: new AbortController().signal });
    await eventually(() => page().includes('audit_trail_tables_covered{portal="kingston",trail="test"} 3'));
    await fixture.sql("set app.actor = 'ann'; insert into accounts (name) values ('a')");
    await eventually(() =>
      page().includes(
        'audit_trail_records_total{portal="kingston",trail="test",table="public.accounts",operation="INSERT"} 1',
      ),
    );
    // No counter window of eleven seconds has passed, so nothing is called ok yet; exact checks speak at once.
    expect(page()).toContain(
      'audit_trail_table_state{portal="kingston",trail="test",table="public.accounts",state="unknown"} 1',
    );
    await fixture.sql(
      'begin; alter table accounts disable trigger audit_row; update accounts set balance = 5; alter table accounts enable always trigger audit_row; commit',
    );
    await eventually(() => page().includes('table="public.accounts",state="confirmed"} 1'));
    const begunAt = Date.now();
    await exporter.stop();
    expect(Date.now() - begunAt).toBeLessThan(3000);
    await configured({ ...fixture.trail, observe: quick });
    await exporter.start({ signal: new AbortController().signal });
    await eventually(() => page().includes('table="public.accounts",state="confirmed"} 1'));
    await exporter.configure({ ...pack, auditTrails: [] });
    expect(page()).not.toContain('trail="test"');
  });

  test('has no row key and no value on its pages', async () => {
    fixture = await auditFixture(server);
    await configured({ ...fixture.trail, name: 'secretive', observe: quick });
    await exporter.start({ signal: new AbortController().signal });
    await eventually(() => page().includes('audit_trail_tables_covered{portal="kingston",trail="secretive"} 3'));
    await fixture.sql(
      "insert into accounts (id, name) values (424242, 'Margaret Hale'); begin; alter table accounts disable trigger audit_row; update accounts set name = 'Mrs Hale'; alter table accounts enable always trigger audit_row; commit",
    );
    await eventually(() => page().includes('table="public.accounts",state="confirmed"} 1'));
    const everything = page() + JSON.stringify(exporter.sections?.());
    for (const secret of ['424242', 'Hale']) expect(everything).not.toContain(secret);
  });
});
