/**
 * Nine states of a real portal, judged by four of Kingston's workflows: 36 verdicts by an exporter that starts in that
 * state, and 36 by one that was measuring before. The table stands in docs/measurements.md.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type DemoPortal, type RuleInput, startPortal } from '../../demo/portal/index.js';
import { type PostgresServer, startPostgres } from '../../demo/postgres/index.js';
import { Redactor } from '../../exporters/runtime/redactor.js';
import { Engine } from '../../exporters/workflow/engine.js';
import type { Job } from '../../exporters/workflow/plan.js';
import type { EngineReport } from '../../exporters/workflow/protocol.js';
import { loadPack, SecretText } from '../../pack/index.js';

const names = ['health-canary', 'auth-canary', 'client-list', 'client-detail'] as const;
const list = '/api/client_groups/bulk_client_data_optimized';
const detail = '/api/client_groups/*/complete';

/** A second of SLA on a machine that does other things as well; what is slow is slower by far. */
const slaSeconds = 1.5;
const slow = { distribution: 'constant', ms: 1750 } as const;
/** All four may hang at once; with fewer places the last of them would not be measured (`busy`), and so not be judged. */
const maxInFlight = 6;
const timing = { intervalMs: 600, jitterRatio: 0, timeoutMs: 2000, warmupRuns: 1 };

interface State {
  readonly name: string;
  readonly faults: readonly RuleInput[];
  /** One letter for each workflow, in their order: met or missed. */
  readonly verdicts: string;
  readonly floods?: true;
}

const lock: RuleInput = { kind: 'table_lock', params: { table: 'client_groups' } };
const states: readonly State[] = [
  { name: 'healthy', faults: [], verdicts: '✓✓✓✓' },
  { name: 'database stopped', faults: [{ kind: 'database_down' }], verdicts: '✗✗✗✗' },
  { name: 'table gone', faults: [{ kind: 'table_missing', params: { table: 'client_groups' } }], verdicts: '✓✓✗✗' },
  { name: 'table locked', faults: [lock], verdicts: '✓✓✗✗' },
  {
    name: 'slow',
    faults: [list, detail].map((route): RuleInput => ({ kind: 'latency', route, params: slow })),
    verdicts: '✓✓✗✗',
  },
  { name: 'connections reset', faults: [{ kind: 'connection_reset' }], verdicts: '✗✗✗✗' },
  { name: '200 with an error', faults: [{ kind: 'ok_with_error', route: list }], verdicts: '✓✓✗✓' },
  { name: 'sessions lost', faults: [{ kind: 'token_expiry' }], verdicts: '✓✓✓✓' },
  { name: 'overloaded: no database connection left', faults: [lock], floods: true, verdicts: '✗✗✗✗' },
];

let server: PostgresServer;
let portal: DemoPortal;

beforeAll(async () => {
  server = await startPostgres();
  portal = await startPortal({
    databaseUrl: server.url,
    probePassword: 'correct horse',
    passwordCost: 4,
    databaseControl: { stop: () => server.stop('fast'), start: () => server.start() },
  });
}, 60_000);

afterAll(async () => {
  await portal?.close();
  await server?.close();
});

/** As shipped, but for the address, the account and the pace. */
function jobs(): Job[] {
  const pack = loadPack(['pack.yaml'], { requireSecrets: false });
  const [shipped] = pack.portals;
  if (shipped?.auth.kind !== 'login') throw new Error('the shipped portal has no login');
  const fields = {
    email: SecretText.literal(portal.probeEmail),
    password: SecretText.literal(portal.probePassword),
  };
  const described = {
    ...shipped,
    baseUrl: portal.url.replace('localhost', '127.0.0.1'),
    limits: { ...shipped.limits, maxInFlight },
    network: { ...shipped.network, proxy: 'none' as const },
    auth: { ...shipped.auth, fields, timeoutMs: 2000 },
  };
  return names.map((name) => {
    const workflow = pack.workflows.find((one) => one.name === name);
    if (workflow === undefined) throw new Error(`no workflow ${name}`);
    return { portal: described, workflow: { ...workflow, slaSeconds, schedule: timing } };
  });
}

class Examiner {
  readonly #engine: Engine;
  #reports: EngineReport[] = [];

  constructor() {
    this.#engine = new Engine(new Redactor(), (report) => this.#reports.push(report));
    this.#engine.configure(jobs());
    onTestFinished(() => this.#engine.stop(0));
    this.#engine.start();
  }

  async stop(): Promise<void> {
    await this.#engine.stop(0);
  }

  /** What each workflow's next turn says, of those whose first request was sent from now on. */
  async verdicts(): Promise<string> {
    this.#reports = [];
    const from = Date.now() / 1000;
    const of = (name: string) =>
      this.#reports.flatMap((report) => {
        if (report.type !== 'run') return [];
        const { trigger, workflow, verdict, endedAtSeconds, durationSeconds } = report.result;
        const isMeant = trigger === 'schedule' && workflow === name && endedAtSeconds - durationSeconds >= from;
        return isMeant ? [verdict] : [];
      });
    await expect.poll(() => names.every((name) => of(name).length > 0), { timeout: 20_000 }).toBe(true);
    return names.map((name) => (of(name)[0] === 'met' ? '✓' : '✗')).join('');
  }
}

async function enter({ faults, floods }: State): Promise<void> {
  for (const fault of faults) await portal.faults.set(fault);
  if (floods !== true) return;
  const crowd = new AbortController();
  onTestFinished(() => crowd.abort());
  // Each holds a connection of the pool while it waits for the table.
  for (let count = 0; count < 30; count += 1)
    void fetch(`${portal.url}/api/client_groups/1/complete`, { signal: crowd.signal }).catch(() => {});
  const answers = async () => {
    const signal = AbortSignal.timeout(300);
    return fetch(`${portal.url}/api/health`, { signal }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(answers, { timeout: 10_000 }).toBe(false);
}

/** Until each workflow is met again, so that no state is judged in the aftermath of another. */
async function recover(): Promise<void> {
  await portal.faults.clear();
  const engine = new Engine(new Redactor(), () => {});
  const described = jobs();
  engine.configure(described);
  const isWell = async () => {
    const answers = await Promise.all(
      described.map((job) => engine.probe(job.workflow.name, job.portal.name, 'command', 10_000)),
    );
    return answers.every((answer) => answer.kind === 'ran' && answer.result.verdict === 'met');
  };
  await expect.poll(isWell, { timeout: 30_000, interval: 200 }).toBe(true);
  await engine.stop(0);
}

test.each(states)('a portal in the state: $name', { timeout: 90_000 }, async (state) => {
  onTestFinished(recover);
  const before = new Examiner();
  expect(await before.verdicts()).toBe('✓✓✓✓');
  await enter(state);
  expect(await before.verdicts(), 'by who measured it before').toBe(state.verdicts);
  await before.stop();
  expect(await new Examiner().verdicts(), 'from a cold start').toBe(state.verdicts);
});
