/** What counts as what when a portal does not answer: docs/workflow.md, "When a portal does not answer". */
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { describe, expect, test, vi } from 'vitest';
import { renderFamilies } from '../../../../exporters/runtime/metrics/index.js';
import { retryAfterMs } from '../../../../exporters/runtime/portal/http/retry-after.js';
import type { Job } from '../../../../exporters/workflow/plan.js';
import { probeFamilies } from '../../../../exporters/workflow/probe.js';
import { job, literal, step } from '../../../support/workflow/domain.js';
import { stepOf } from '../../../support/workflow/engine.js';
import { httpServer, json, rawServer, type TestServer } from '../../../support/workflow/server.js';
import { droppedIn, Measured, numeric, simulateTime, turnsIn } from '../../../support/workflow/simulated.js';

simulateTime();

const INTERVAL_MS = 30_000;
const limits = { maxInFlight: 4, abandonedAfterMs: 300_000 };

/** Counts what is open at once, in all and of each path; a path hangs from `hang` until `recover`. */
class StandIn {
  readonly server: TestServer;
  readonly most: Record<string, number> = {};
  readonly arrivals: Record<string, number> = {};
  readonly #open: Record<string, number> = {};
  readonly #hanging = new Set<string>();
  readonly #held: { readonly path: string; readonly response: ServerResponse }[] = [];

  private constructor(server: TestServer) {
    this.server = server;
  }

  static async start(): Promise<StandIn> {
    let self: StandIn | undefined;
    const standIn = new StandIn(await httpServer((request, response) => self?.serve(request.url ?? '', response)));
    self = standIn;
    return standIn;
  }

  serve(path: string, response: ServerResponse): void {
    this.arrivals[path] = (this.arrivals[path] ?? 0) + 1;
    for (const key of [path, 'all']) {
      this.#open[key] = (this.#open[key] ?? 0) + 1;
      this.most[key] = Math.max(this.most[key] ?? 0, this.#open[key]);
      response.once('close', () => {
        this.#open[key] = (this.#open[key] ?? 0) - 1;
      });
    }
    if (this.#hanging.has(path) || this.#hanging.has('all')) this.#held.push({ path, response });
    else json(response, {});
  }

  hang(path: string): void {
    this.#hanging.add(path);
  }

  /** Answers what waits, late, and all that comes at once. */
  recover(path: string, status = 200): void {
    this.#hanging.delete(path);
    for (const held of this.#held.splice(0)) {
      if (path === 'all' || held.path === path) json(held.response, {}, status);
      else this.#held.push(held);
    }
  }

  /** Answers what comes from now on, and leaves waiting what waits. */
  release(path: string): void {
    this.#hanging.delete(path);
  }

  /** Closes what waits without an answer. */
  hangUp(): void {
    for (const { response } of this.#held.splice(0)) response.destroy();
  }

  /** @param names workflows, each of which asks for a path of its own; `canary` is of that tier. */
  jobs(names: readonly string[], over: { readonly warmupRuns?: number } = {}): Job[] {
    const first = job(numeric(this.server.url), { portal: { limits } });
    return names.map((name) => ({
      portal: first.portal,
      workflow: {
        ...first.workflow,
        name,
        tier: name === 'canary' ? 'canary' : 'core',
        steps: [step({ path: `/${name}` })],
        schedule: { intervalMs: INTERVAL_MS, jitterRatio: 0, timeoutMs: 5000, warmupRuns: 0, ...over },
      },
    }));
  }
}

const others = ['canary', 'b', 'c', 'd'];

describe('one route that hangs for 100 s', () => {
  test('misses its turns, and costs the others nothing', { timeout: 60_000 }, async () => {
    const portal = await StandIn.start();
    const measured = new Measured(portal.jobs(['a', ...others]));
    measured.engine.start();
    await measured.passTo(65_000);
    portal.hang('/a');
    const before = measured.counts('a');
    expect(before).toMatchObject({ missed: 0 });
    await measured.pass(100_000);
    const during = measured.counts('a');
    expect(during.met).toBe(before.met);
    expect(during.missed).toBeGreaterThanOrEqual(3);
    expect(during.unanswered).toBeGreaterThanOrEqual(1);
    portal.recover('/a');
    await measured.pass(1000);
    expect(measured.open).toBe(0);
    await measured.pass(2 * INTERVAL_MS);
    const after = measured.counts('a');
    expect(after).toMatchObject({ met: during.met + 2, missed: during.missed });
    expect(droppedIn(after)).toBe(0);
    for (const name of others) {
      const counts = measured.counts(name);
      expect(counts, name).toMatchObject({ missed: 0, unanswered: 0 });
      expect(counts.met, name).toBe(turnsIn(counts));
      expect(counts.met, name).toBeGreaterThanOrEqual(7);
    }
    expect(portal.most['/a']).toBe(2);
  });

  test('answers a probe of itself at once, and those of others run, ten of ten', { timeout: 60_000 }, async () => {
    const portal = await StandIn.start();
    const measured = new Measured(portal.jobs(['a', ...others]));
    portal.hang('/a');
    const probe = async (workflow: string) => {
      const answer = measured.engine.probe(workflow, 'kingston', 'probe', 9500);
      await measured.pass(6000);
      return answer;
    };
    for (let count = 0; count < 2; count += 1)
      expect(await probe('a')).toMatchObject({ kind: 'ran', result: { steps: [{ reason: 'timeout' }] } });
    for (let count = 0; count < 10; count += 1)
      expect(await probe('b')).toMatchObject({ kind: 'ran', result: { verdict: 'met' } });
    const answer = await measured.engine.probe('a', 'kingston', 'probe', 9500);
    if (answer.kind !== 'ran') throw new Error(answer.kind);
    const text = renderFamilies(probeFamilies(answer.result), 'text');
    expect(text).toContain('probe_success 0');
    expect(text).toContain('probe_failure_info{step="look",reason="unanswered"} 1');
    expect(text).not.toMatch(/^probe_(step_)?duration/m);
    expect(stepOf(answer.result).detail).toMatch(/^an earlier request has been open for 6\d s beyond its deadline/);
    expect(portal.arrivals['/a']).toBe(2);
    expect(measured.test.reports).toEqual([]);
    portal.recover('/a');
    await measured.pass(1000);
    expect(await probe('a')).toMatchObject({ kind: 'ran', result: { verdict: 'met' } });
  });

  test('for an hour is asked at most six times', { timeout: 60_000 }, async () => {
    const portal = await StandIn.start();
    const measured = new Measured(portal.jobs(['a', 'b']));
    portal.hang('/a');
    measured.engine.start();
    await measured.passTo(3_600_000);
    expect(portal.arrivals['/a']).toBeGreaterThan(2);
    expect(portal.arrivals['/a']).toBeLessThanOrEqual(6);
    const counts = measured.counts('a');
    expect(counts.met).toBe(0);
    expect(counts.missed).toBe(turnsIn(counts));
    expect(turnsIn(counts)).toBeGreaterThanOrEqual(119);
    expect(measured.counts('b')).toMatchObject({ missed: 0 });
  });
});

test('a connection that is lost costs one turn', { timeout: 60_000 }, async () => {
  let connections = 0;
  const server = await rawServer((socket) => {
    connections += 1;
    const isLost = connections === 1;
    socket.on('data', () => {
      if (!isLost) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
  });
  const one = job(numeric(server.url), {
    portal: { limits },
    workflow: { schedule: { intervalMs: INTERVAL_MS, timeoutMs: 5000 } },
  });
  const measured = new Measured([one]);
  measured.engine.start();
  await measured.passTo(5 * INTERVAL_MS);
  expect(measured.counts()).toMatchObject({ missed: 1, unanswered: 0 });
  expect(measured.counts().met).toBeGreaterThanOrEqual(3);
  expect(measured.open).toBe(1);
  await measured.pass(limits.abandonedAfterMs);
  expect(measured.open).toBe(0);
});

test('a portal that hangs for ten minutes: bounded, missed, and measured again with the first turn after it', {
  timeout: 60_000,
}, async () => {
  const portal = await StandIn.start();
  const names = ['canary', 'a', 'b', 'c', 'd', 'e'];
  const measured = new Measured(portal.jobs(names));
  portal.hang('all');
  measured.engine.start();
  await measured.passTo(600_000);
  expect(portal.most.all).toBe(limits.maxInFlight);
  const canary = measured.counts('canary');
  expect(canary.missed).toBe(turnsIn(canary));
  expect(turnsIn(canary)).toBeGreaterThanOrEqual(19);
  let unseen = 0;
  for (const name of names) {
    const counts = measured.counts(name);
    expect(counts.met, name).toBe(0);
    expect(counts.missed + (counts.dropped.busy ?? 0), name).toBe(turnsIn(counts));
    if ((counts.dropped.busy ?? 0) > 0) unseen += 1;
  }
  expect(unseen).toBeGreaterThan(0);
  portal.recover('all');
  await measured.pass(1000);
  const before = new Map(names.map((name) => [name, measured.counts(name)]));
  await measured.pass(INTERVAL_MS);
  for (const name of names) {
    const counts = measured.counts(name);
    expect(counts.met, name).toBeGreaterThanOrEqual(1);
    expect(counts.missed, name).toBe(before.get(name)?.missed);
    expect(droppedIn(counts), name).toBe(droppedIn(before.get(name) ?? counts));
  }
});

test('a warm-up that hangs costs nobody a turn', { timeout: 60_000 }, async () => {
  const portal = await StandIn.start();
  const names = ['canary', 'a', 'b', 'c', 'd', 'e'];
  const measured = new Measured(portal.jobs(names, { warmupRuns: 2 }));
  portal.hang('all');
  measured.engine.start();
  await vi.waitFor(async () => {
    await measured.pass(1000);
    expect(measured.engine.state().warmingUp).toBe(0);
  });
  expect(portal.most.all).toBe(1);
  expect(measured.open).toBe(1);
  // It stays open; what comes from now on is answered.
  portal.release('all');
  await measured.pass(3 * INTERVAL_MS);
  for (const name of names) {
    const counts = measured.counts(name);
    expect(counts, name).toMatchObject({ missed: 0, unanswered: 0 });
    expect(counts.met, name).toBe(turnsIn(counts));
    expect(counts.met, name).toBeGreaterThanOrEqual(2);
  }
});

describe('a place is free again', () => {
  test.each([
    ['when the server closes, at 20 s', 20_000, (portal: StandIn) => portal.hangUp()],
    ["with a proxy's 504, at 60 s", 60_000, (portal: StandIn) => portal.recover('/a', 504)],
  ])('%s', { timeout: 60_000 }, async (_, afterMs, end) => {
    const portal = await StandIn.start();
    const measured = new Measured(portal.jobs(['a']));
    portal.hang('/a');
    const running = measured.engine.probe('a', 'kingston', 'probe', 9500);
    await measured.pass(afterMs - 100);
    await running;
    expect(measured.open).toBe(1);
    end(portal);
    await measured.settle();
    expect(measured.open).toBe(0);
  });
});

test('the end does not wait for open requests, and closes them', { timeout: 60_000 }, async () => {
  const portal = await StandIn.start();
  const measured = new Measured(portal.jobs(['a']));
  portal.hang('/a');
  const running = measured.engine.probe('a', 'kingston', 'probe', 9500);
  await measured.pass(6000);
  await running;
  expect(measured.open).toBe(1);
  const began = performance.now();
  await measured.engine.stop(5000);
  expect(performance.now() - began).toBe(0);
  await vi.waitFor(() => expect(portal.server.open).toBe(0));
});

test('a login that hangs holds a place of the portal, of no workflow, and no third one is sent', {
  timeout: 60_000,
}, async () => {
  const portal = await StandIn.start();
  const auth = {
    kind: 'login',
    path: '/login',
    method: 'POST',
    encoding: 'json',
    fields: { user: literal('probe') },
    expectStatus: 200,
    lifetimeMs: 3_600_000,
    timeoutMs: 3000,
  } as const;
  const [plain, ...rest] = portal.jobs(['plain', 'a', 'b']);
  if (plain === undefined) throw new Error('no job');
  const known = { ...plain.portal, auth };
  const measured = new Measured([
    { ...plain, portal: known },
    ...rest.map(({ workflow }) => ({ portal: known, workflow: { ...workflow, authenticated: true } })),
  ]);
  portal.hang('/login');
  measured.engine.start();
  await measured.passTo(240_000);
  expect(portal.arrivals['/login']).toBe(2);
  expect(measured.open).toBe(2);
  for (const name of ['a', 'b']) {
    const counts = measured.counts(name);
    expect(counts.met, name).toBe(0);
    expect(counts.missed, name).toBe(turnsIn(counts));
  }
  expect(measured.counts('plain')).toMatchObject({ missed: 0 });
  portal.recover('/login');
  await measured.pass(3 * INTERVAL_MS);
  expect(measured.counts('a').met).toBeGreaterThanOrEqual(1);
});

describe('Retry-After', () => {
  async function asked(status: number, retryAfter: string) {
    let refusals = 1;
    const server = await httpServer((_, response) => {
      if (refusals > 0) json(response, {}, status, { 'retry-after': retryAfter });
      else json(response, {});
      refusals -= 1;
    });
    const measured = new Measured([
      job(numeric(server.url), {
        portal: { limits },
        workflow: { steps: [step({ retries: 2 })], schedule: { intervalMs: INTERVAL_MS, timeoutMs: 5000 } },
      }),
    ]);
    measured.engine.start();
    while (server.requests.length === 0) await measured.pass(1000);
    await measured.pass(1000);
    expect(server.requests).toHaveLength(1);
    return { server, measured, since: performance.now() };
  }

  test.each([429, 503])('with %i: a turn that is due shortly before waits for it, and is measured', async (status) => {
    const { server, measured } = await asked(status, '38');
    await measured.pass(34_000);
    expect(server.requests).toHaveLength(1);
    await measured.pass(4000);
    expect(server.requests).toHaveLength(2);
    expect(measured.counts()).toMatchObject({ met: 1, missed: 1, unanswered: 0 });
  });

  test('turns for which it is too long have missed, though nothing was sent', async () => {
    const { server, measured } = await asked(503, '100');
    await measured.pass(2.5 * INTERVAL_MS);
    expect(server.requests).toHaveLength(1);
    expect(measured.counts()).toMatchObject({ met: 0, missed: 3, unanswered: 2 });
    const probe = await measured.engine.probe('client-list', 'kingston', 'probe', 5000);
    expect(probe).toMatchObject({ kind: 'ran', result: { steps: [{ reason: 'retry-after' }] } });
    await measured.pass(2 * INTERVAL_MS);
    const after = measured.counts();
    expect(after.met).toBeGreaterThanOrEqual(1);
    expect(droppedIn(after)).toBe(0);
  });

  test('is honoured for no longer than an open request would be', async () => {
    const { server, measured } = await asked(503, '86400');
    await measured.pass(limits.abandonedAfterMs + INTERVAL_MS);
    expect(server.requests.length).toBeGreaterThan(1);
  });

  test.each([
    [429, '120', 120_000],
    [503, ' 7 ', 7000],
    [503, 'Wed, 21 Oct 2015 07:28:30 GMT', 30_000],
    [503, 'Wed, 21 Oct 2015 07:27:00 GMT', undefined],
    [503, '0', undefined],
    [503, 'soon', undefined],
    [503, undefined, undefined],
    [500, '120', undefined],
    [301, '120', undefined],
  ])('status %i with %j: %j ms', (status, header, expected) => {
    expect(retryAfterMs(status, header, Date.parse('Wed, 21 Oct 2015 07:28:00 GMT'))).toBe(expected);
  });
});
