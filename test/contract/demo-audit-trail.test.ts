import { afterAll, beforeAll, expect, test } from 'vitest';
import { badAfternoon } from '../../demo/portal/bad-afternoon.js';
import { type DemoPortal, startPortal } from '../../demo/portal/index.js';
import { installTrail } from '../../demo/stack/audit-trail/install.js';
import { explain } from '../../exporters/audit-trail/index.js';
import { auditTrail } from '../support/audit-trail/domain.js';
import { type BorrowedServer, borrowPostgres } from '../support/postgres/borrowed.js';
import { eventually } from './runtime-support.js';

let server: BorrowedServer;
let portal: DemoPortal;
const log: string[] = [];
const told = (line: string) => void log.push(line);

beforeAll(async () => {
  server = await borrowPostgres();
  portal = await startPortal({
    databaseUrl: server.url,
    adminDatabaseUrl: server.adminUrl,
    passwordCost: 4,
    log: told,
  });
}, 60_000);
afterAll(async () => {
  await portal.close();
  await server.close();
});

test('without a trail its faults are refused, and the story goes on without them', async () => {
  const without = await startPortal({ databaseUrl: server.url, passwordCost: 4, log: told });
  try {
    await expect(without.faults.set({ kind: 'unaudited_change' })).rejects.toThrow('this portal has no audit trail');
    await without.scenarios.start({ ...badAfternoon, steps: auditSteps(), endsAtSeconds: 60 }, 10_000);
    const ended = await eventually(() =>
      without.scenarios.status?.state === 'running' ? undefined : without.scenarios.status,
    );
    expect(ended).toMatchObject({ state: 'finished' });
    expect(log.join('\n')).toContain('past-the-trail is left out');
  } finally {
    await without.close();
  }
});

test('each fault does to the trail what it says, and the observer finds it', async () => {
  const observerUrl = await installTrail(server.adminUrl, AbortSignal.timeout(60_000));
  const explained = (table: string) =>
    explain(auditTrail(observerUrl), `public.${table}`, {
      stateDirectory: '/nowhere',
      signal: AbortSignal.timeout(20_000),
      showKeys: false,
    });
  expect(await explained('client_groups')).toMatchObject({ findings: [], problems: [], obstacle: undefined });

  await portal.faults.set({ id: 'off', kind: 'audit_trigger_disabled' });
  expect((await explained('authentication')).problems.join(' ')).toContain('kop_audit_row');
  await portal.faults.clear(['off']);
  expect((await explained('authentication')).problems).toEqual([]);

  await portal.faults.set({ kind: 'unaudited_change' });
  expect((await explained('client_groups')).findings).toMatchObject([{ operation: 'UPDATE' }]);
  await portal.faults.set({ kind: 'audit_record_rewritten' });
  expect((await explained('client_products')).findings).toHaveLength(1);
  await portal.faults.set({ kind: 'audit_row_deleted' });
  expect((await explained('product_owners')).findings).toMatchObject([{ kind: 'missing', operation: 'INSERT' }]);
});

function auditSteps() {
  return badAfternoon.steps
    .filter(({ actions }) => actions.some((action) => 'set' in action && action.ifPossible === true))
    .map((step, at) => ({ ...step, atSeconds: at }));
}
