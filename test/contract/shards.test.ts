import { expect, test } from 'vitest';
import { createAuditTrailExporter } from '../../exporters/audit-trail/index.js';
import { wireEncryption } from '../../exporters/encryption/index.js';
import { isNoData } from '../../exporters/runtime/collector.js';
import type { ExporterDeps, ExporterFactory } from '../../exporters/runtime/exporter.js';
import { Redactor, silentLogger } from '../../exporters/runtime/log.js';
import { MetricStore, renderFamilies } from '../../exporters/runtime/metrics/index.js';
import { parseShard } from '../../exporters/runtime/shard.js';
import { wireWorkflow } from '../../exporters/workflow/index.js';
import { loadPack } from '../../pack/index.js';
import { ownState } from '../support/state.js';
import { packYaml, saboteurUrl, workflowYaml, writePack } from '../support/workflow/process.js';

const letters = ['a', 'b', 'c', 'd'];

/** Four of each; nothing listens where they are, and nobody asks, because nothing is started. */
function pack() {
  const each = (text: (name: string) => string) => letters.map(text).join('');
  const database = 'database: { url: "postgres://observer@127.0.0.1:1/portal?sslmode=verify-full" }';
  const yaml = `${packYaml(
    letters.map((name) => `portal-${name}: { title: ${name}, baseUrl: "http://127.0.0.1:1" }`).join('\n'),
    each((name) => workflowYaml(`workflow-${name}`, 'portals: [portal-a, portal-b]')),
  )}
encryption:
${each(
  (name) => `  fields-${name}:
    { title: Fields, portal: portal-${name}, team: platform, sla: 10ms, objective: responsive,
      providers: { local-${name}: { kind: local } },
      scan: { ${database}, columns: [{ table: public.owners, column: column_${name}, format: kingston-jsonb }] } }
`,
)}
auditTrails:
${each((name) => `  trail-${name}: { title: Trail, portal: portal-a, team: platform, ${database} }\n`)}`;
  return loadPack([writePack(yaml)]);
}

const encryptionWorker = new URL('../../dist/exporters/encryption/worker.js', import.meta.url);

type Sharded = readonly [what: string, create: ExporterFactory, series: RegExp, count: number];

const encryption: Sharded = [
  'provider and scanned column',
  (deps) => wireEncryption(deps, { url: encryptionWorker }),
  /^field_encryption_((?:probe|scan)_interval_seconds\{.*\})/gm,
  2 * letters.length,
];

const exporters: readonly Sharded[] = [
  [
    'workflow on each portal',
    (deps) => wireWorkflow(deps, { url: saboteurUrl() }),
    /^workflow_sla_target_seconds\{(.*)\}/gm,
    2 * letters.length,
  ],
  ['audit trail', createAuditTrailExporter, /^audit_trail_look_interval_seconds\{(.*)\}/gm, letters.length],
  encryption,
];

/** What one process of several would have on its page. */
async function shown(create: ExporterFactory, series: RegExp, shard: string): Promise<string[]> {
  const store = new MetricStore();
  const deps: ExporterDeps = {
    log: silentLogger,
    redactor: new Redactor(),
    store,
    shard: parseShard(shard),
    state: ownState(),
  };
  const exporter = create(deps);
  await exporter.configure(pack());
  const context = { signal: AbortSignal.timeout(5000), now: new Date(), log: silentLogger };
  const collected = await Promise.all(
    exporter.collectors.filter(({ name }) => !name.endsWith('-alive')).map((collector) => collector.collect(context)),
  );
  await exporter.stop();
  const page = renderFamilies([...store.families(), ...collected.flatMap((one) => (isNoData(one) ? [] : one))], 'text');
  return [...new Set([...page.matchAll(series)].map(([, labels = '']) => labels))];
}

test.each(exporters)('two shards together show each %s exactly once', async (_, create, series, count) => {
  const first = await shown(create, series, '1/2');
  const second = await shown(create, series, '2/2');
  expect(first).not.toEqual([]);
  expect(second).not.toEqual([]);
  const both = [...first, ...second];
  expect(both).toHaveLength(count);
  expect(new Set(both).size).toBe(count);
});

test('the providers of a portal and its columns belong to the same process, because keys are known from providers', async () => {
  const [, create, series] = encryption;
  for (const shard of ['1/2', '2/2']) {
    const seen = await shown(create, series, shard);
    const portalsOf = (what: string) =>
      seen.filter((one) => one.startsWith(what)).map((one) => /portal="([^"]+)"/.exec(one)?.[1]);
    expect(portalsOf('probe')).not.toEqual([]);
    expect(portalsOf('probe').sort()).toEqual(portalsOf('scan').sort());
  }
  // A thread for each provider takes seconds to begin on a loaded machine.
}, 60_000);
