import { setTimeout as sleep } from 'node:timers/promises';
import { AuditMetrics } from '../../../../../../../exporters/audit-trail/metrics.js';
import { MemoryDirectory } from '../../../../../../../exporters/audit-trail/observer/memory.js';
import { Observer } from '../../../../../../../exporters/audit-trail/observer/observer.js';
import { silentLogger } from '../../../../../../../exporters/runtime/log.js';
import { MetricStore } from '../../../../../../../exporters/runtime/metrics/index.js';
import { looseFolder } from '../../../../../../../exporters/runtime/state/index.js';
import { auditTrail } from '../../../../../../support/audit-trail/domain.js';

// An observer that goes on until it is killed, and says after each round what its page says.
const [url = '', folder = ''] = process.argv.slice(2);
const metrics = new MetricStore();
const trail = auditTrail(url);
const observer = new Observer(trail, {
  log: silentLogger,
  metrics: new AuditMetrics(metrics).trail(trail),
  memory: new MemoryDirectory(looseFolder(folder), silentLogger),
  options: { settleMs: 0 },
});
for (;;) {
  await observer.runFastChecks(AbortSignal.timeout(30_000));
  await observer.runExactChecks(AbortSignal.timeout(30_000));
  const shown = metrics
    .families()
    .filter(({ decl }) => decl.name.startsWith('audit_trail_unaccounted_changes'))
    .flatMap(({ samples }) => samples.map((sample) => ('value' in sample ? sample.value : 0)));
  const states = Object.values(observer.state.memory.tables).map(({ state }) => state?.state);
  process.stdout.write(`${JSON.stringify({ shown, states })}\n`);
  await sleep(20);
}
