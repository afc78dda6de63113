import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { job, literal, portal, secret, step } from '../../../support/workflow/domain.js';
import { stepOf, TestEngine, verdictOf } from '../../../support/workflow/engine.js';
import { httpServer, json, rawServer } from '../../../support/workflow/server.js';
import { block } from '../../../support/workflow/time.js';

const often = { intervalMs: 50, timeoutMs: 5000, warmupRuns: 0 };

describe('scheduled runs', () => {
  test('begin with warm-up runs, which are told apart', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const engine = new TestEngine([job(server.url, { workflow: { schedule: { ...often, warmupRuns: 2 } } })]);
    expect(engine.engine.state().warmingUp).toBe(1);
    engine.engine.start();
    const runs = await engine.next('run', 4);
    expect(runs.map(({ result }) => result.trigger)).toEqual(['warm-up', 'warm-up', 'schedule', 'schedule']);
    expect(engine.engine.state().warmingUp).toBe(0);
  });

  test('never overlap: a start that is due during a run is dropped, and said so', async () => {
    let answer = () => {};
    const server = await httpServer((_, response) => {
      answer = () => json(response, {});
    });
    const engine = new TestEngine([job(server.url, { workflow: { schedule: { ...often, timeoutMs: 60_000 } } })]);
    engine.engine.start();
    // A busy machine drops some as late besides, and may drop before the request has arrived.
    const overlap = { type: 'dropped', workflow: 'client-list', portal: 'kingston', reason: 'overlap', count: 1 };
    const overlaps = () => engine.reports.filter((report) => report.type === 'dropped' && report.reason === 'overlap');
    await vi.waitUntil(() => overlaps().length >= 2, { timeout: 15_000 });
    expect(overlaps().slice(0, 2)).toEqual([overlap, overlap]);
    await server.seen(1);
    expect(server.requests).toHaveLength(1);
    answer();
    await engine.next('run', 1);
  });

  test('share the portal’s bound, whatever the workflow', async () => {
    let inside = 0;
    let most = 0;
    const server = await httpServer((_, response) => {
      inside += 1;
      most = Math.max(most, inside);
      setTimeout(() => {
        inside -= 1;
        json(response, {});
      }, 20);
    });
    const limits = { maxInFlight: 2, abandonedAfterMs: 1000 };
    const one = job(server.url, { portal: { limits }, workflow: { schedule: often } });
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...one, workflow: { ...one.workflow, name } }));
    const engine = new TestEngine(jobs);
    engine.engine.start();
    await engine.next('run', 15);
    expect(most).toBe(2);
  });
});

describe('a reload while requests are open', () => {
  const limits = { maxInFlight: 4, abandonedAfterMs: 60_000 };

  async function hanging() {
    const server = await httpServer(() => {});
    const visit = job(server.url, { portal: { limits }, workflow: { steps: [step({ timeoutMs: 100 })] } });
    const engine = new TestEngine([visit]);
    const running = engine.run(visit);
    await server.seen(1);
    expect(verdictOf(await running)).toMatch(/^timeout/);
    const open = () => engine.engine.state().portals.map((portal) => portal.open);
    expect(open()).toEqual([1]);
    return { server, visit, engine, open };
  }

  test('that changes the portal goes on counting them, also with other limits', async () => {
    const { server, visit, engine, open } = await hanging();
    const portal = { ...visit.portal, headers: { 'x-new': literal('1') }, limits: { ...limits, maxInFlight: 1 } };
    engine.engine.configure([{ ...visit, portal }]);
    expect(open()).toEqual([1]);
    const answer = await engine.engine.probe('client-list', 'kingston', 'probe', 5000);
    expect(answer).toMatchObject({ kind: 'ran', result: { steps: [{ reason: 'unanswered' }] } });
    expect(server.requests).toHaveLength(1);
  });

  test('at a proxy that forwards plain HTTP: turns that wait for them are our fault, not missed', async () => {
    const proxy = await rawServer(() => {});
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const network = { ...portal('http://portal.test').network, proxy: 'environment' } as const;
    const visit = job('http://portal.test', {
      portal: { limits: { ...limits, maxInFlight: 1 }, network },
      workflow: { steps: [step({ timeoutMs: 100 })] },
    });
    const engine = new TestEngine([visit]);
    expect(verdictOf(await engine.run(visit))).toMatch(/^exporter: proxy /);
    expect(engine.engine.state().portals.map((portal) => portal.open)).toEqual([1]);
    const answer = await engine.engine.probe('client-list', 'kingston', 'probe', 5000);
    expect(answer).toMatchObject({ kind: 'ran', result: { verdict: 'uncertain', uncertain: 'proxy' } });
    expect(proxy.requests).toHaveLength(1);
  });

  test('to another address, or without the portal, closes them: they say nothing of what is there now', async () => {
    const { server, visit, engine, open } = await hanging();
    engine.engine.configure([{ ...visit, portal: { ...visit.portal, baseUrl: `http://127.0.0.1:${server.port}` } }]);
    expect(open()).toEqual([0]);
    await expect.poll(() => server.open).toBe(0);
  });
});

describe('a probe', () => {
  const limits = { maxInFlight: 1, abandonedAfterMs: 20_000 };

  test('of a job that is not there', async () => {
    const engine = new TestEngine([]);
    expect(await engine.engine.probe('x', 'y', 'probe', 100)).toEqual({ kind: 'unknown' });
  });

  test('waits for a place for half of its time at most, so that the portal is not blamed for our queue', async () => {
    const server = await httpServer(() => {});
    const visit = job(server.url, { portal: { limits }, workflow: { steps: [step({ timeoutMs: 3000 })] } });
    const engine = new TestEngine([visit]);
    const hanging = engine.engine.probe('client-list', 'kingston', 'probe', 3000);
    const started = performance.now();
    const answer = await engine.engine.probe('client-list', 'kingston', 'probe', 1000);
    expect(answer).toEqual({ kind: 'busy' });
    expect(performance.now() - started).toBeLessThan(950);
    server.dropConnections();
    await hanging;
  });

  test('waits only as long as leaves it the SLA: cut off before, it would say nothing', async () => {
    let answer = () => {};
    const server = await httpServer((_, response) => {
      answer = () => json(response, {});
    });
    const visit = job(server.url, { portal: { limits }, workflow: { slaSeconds: 0.9 } });
    const engine = new TestEngine([visit]);
    const holding = engine.engine.probe('client-list', 'kingston', 'probe', 5000);
    await server.seen(1);
    // Freed after 300 ms, when half of the time has not passed yet, but what is left is less than the SLA.
    setTimeout(answer, 300);
    expect(await engine.engine.probe('client-list', 'kingston', 'probe', 1000)).toEqual({ kind: 'busy' });
    expect(await holding).toMatchObject({ kind: 'ran', result: { success: true } });
    expect(engine.engine.state().portals[0]?.open).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  test('with no time to spare for waiting takes a place that is free', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const visit = job(server.url, { portal: { limits }, workflow: { slaSeconds: 1 } });
    const answer = await new TestEngine([visit]).engine.probe('client-list', 'kingston', 'probe', 1000);
    expect(answer).toMatchObject({ kind: 'ran', result: { success: true } });
  });

  test('does not count as scheduled', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const visit = job(server.url);
    const engine = new TestEngine([visit]);
    expect((await engine.run(visit)).trigger).toBe('probe');
    expect(engine.reports).toEqual([]);
  });
});

describe('a late event loop', () => {
  test('makes a slow run uncertain', async () => {
    const server = await httpServer((_, response) => {
      // The measuring loop is this one: it is held while the answer is on its way.
      json(response, {});
      setImmediate(() => block(400));
    });
    const visit = job(server.url, { workflow: { slaSeconds: 0.3 } });
    const result = await new TestEngine([visit]).run(visit);
    expect(result).toMatchObject({ success: true, tainted: true, verdict: 'uncertain', uncertain: 'event-loop' });
    expect(result.latenessMs).toBeGreaterThan(50);
  });

  test('does not excuse what took longer than the lateness can explain', async () => {
    const server = await httpServer((_, response) => {
      setTimeout(() => json(response, {}), 300);
      setTimeout(() => block(60), 100);
    });
    const visit = job(server.url, { workflow: { slaSeconds: 0.1 } });
    expect(await new TestEngine([visit]).run(visit)).toMatchObject({ tainted: true, verdict: 'missed' });
  });

  test('does not excuse a wrong answer', async () => {
    const server = await httpServer((_, response) => {
      json(response, {}, 500);
      setImmediate(() => block(80));
    });
    const visit = job(server.url);
    expect(await new TestEngine([visit]).run(visit)).toMatchObject({ tainted: true, verdict: 'missed' });
  });

  test('can only add time: a run that was in time all the same has met', async () => {
    const server = await httpServer((_, response) => {
      json(response, {});
      setImmediate(() => block(80));
    });
    const visit = job(server.url, { workflow: { slaSeconds: 2 } });
    expect(await new TestEngine([visit]).run(visit)).toMatchObject({ tainted: true, verdict: 'met' });
  });

  test('disturbs the runs that are under way, not one that begins afterwards', async () => {
    let answer = () => {};
    const server = await httpServer((request, response) => {
      if (request.url === '/held') answer = () => json(response, {});
      else json(response, {});
    });
    const held = job(server.url, { workflow: { name: 'held', steps: [step({ path: '/held' })] } });
    const quick = job(server.url, { workflow: { name: 'quick' } });
    const engine = new TestEngine([held, { ...quick, portal: held.portal }]);
    const disturbed = engine.run(held);
    await server.seen(1);
    block(250);
    expect((await engine.run(quick)).latenessMs).toBeLessThan(200);
    answer();
    expect((await disturbed).latenessMs).toBeGreaterThan(200);
  });
});

describe('a reload', () => {
  const auth = {
    kind: 'login',
    path: '/login',
    method: 'POST',
    encoding: 'json',
    fields: { user: literal('probe'), password: secret('pass-of-reload') },
    expectStatus: 200,
    lifetimeMs: 3_600_000,
    timeoutMs: 1000,
  } as const;

  async function setUp() {
    const server = await httpServer((_, response) =>
      json(response, {}, 200, { 'set-cookie': 'sid=session-1; Path=/' }),
    );
    const over = { authenticated: true, connection: 'reuse', schedule: often } as const;
    const kept = job(server.url, { portal: { auth }, workflow: { ...over, name: 'kept' } });
    const gone = { portal: kept.portal, workflow: { ...kept.workflow, name: 'gone' } };
    return { server, kept, gone };
  }

  test('keeps the session, connection and pace of what did not change', async () => {
    const { server, kept, gone } = await setUp();
    const engine = new TestEngine([kept, gone]);
    await engine.run(kept);
    const connections = server.connections;
    // A description that is read again gives other objects that say the same.
    engine.engine.configure([{ portal: { ...kept.portal }, workflow: { ...kept.workflow } }]);
    const again = await engine.run(kept);
    expect(stepOf(again).phases.connect).toBe(0);
    expect(again.logins).toEqual([]);
    expect(server.connections).toBe(connections);
    expect(server.requests.filter(({ url }) => url === '/login')).toHaveLength(1);
    expect(await engine.engine.probe('gone', 'kingston', 'probe', 100)).toEqual({ kind: 'unknown' });
  });

  test('of a changed workflow keeps the session, of a changed portal it does not', async () => {
    const { server, kept } = await setUp();
    const engine = new TestEngine([kept]);
    await engine.run(kept);
    engine.engine.configure([{ ...kept, workflow: { ...kept.workflow, slaSeconds: 9 } }]);
    expect(await engine.run(kept)).toMatchObject({ slaSeconds: 9, logins: [] });
    engine.engine.configure([{ ...kept, portal: { ...kept.portal, title: 'Other' } }]);
    expect((await engine.run(kept)).logins).toHaveLength(1);
    expect(server.requests.filter(({ url }) => url === '/login')).toHaveLength(2);
  });

  test('starts what is new, stops what is gone, and drops the result of its run in progress', async () => {
    let answer = () => {};
    const server = await httpServer((request, response) => {
      if (request.url === '/slow') answer = () => json(response, {});
      else json(response, {});
    });
    const slow = job(server.url, { workflow: { name: 'slow', schedule: often, steps: [step({ path: '/slow' })] } });
    const fresh = job(server.url, { workflow: { name: 'fresh', schedule: often } });
    const engine = new TestEngine([slow]);
    engine.engine.start();
    await server.seen(1);
    engine.engine.configure([fresh]);
    answer();
    const runs = await engine.next('run', 3);
    expect(runs.map(({ result }) => result.workflow)).toEqual(['fresh', 'fresh', 'fresh']);
  });
});

describe('the end', () => {
  test('waits for runs in progress, and counts them', async () => {
    let answer = () => {};
    const server = await httpServer((_, response) => {
      answer = () => json(response, {});
    });
    const engine = new TestEngine([job(server.url, { workflow: { schedule: often } })]);
    engine.engine.start();
    await server.seen(1);
    const stopped = engine.engine.stop(5000);
    answer();
    await stopped;
    expect(engine.reports.filter(({ type }) => type === 'run')).toMatchObject([{ result: { success: true } }]);
    const after = engine.reports.length;
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(engine.reports).toHaveLength(after);
  });

  test('cuts off after the grace what hangs, which nobody may count as missed', async () => {
    const server = await httpServer(() => {});
    const engine = new TestEngine([job(server.url, { workflow: { schedule: often } })]);
    engine.engine.start();
    await server.seen(1);
    await engine.engine.stop(30);
    expect(engine.reports.filter(({ type }) => type === 'run')).toEqual([]);
    expect(engine.reports).toContainEqual(expect.objectContaining({ type: 'dropped', reason: 'shutdown' }));
    await expect.poll(() => server.open).toBe(0);
  });

  test('waits for probes as well', async () => {
    let answer = () => {};
    const server = await httpServer((_, response) => {
      answer = () => json(response, {});
    });
    const visit = job(server.url);
    const engine = new TestEngine([visit]);
    const running = engine.run(visit);
    await server.seen(1);
    const stopped = engine.engine.stop(5000);
    let isStopped = false;
    void stopped.then(() => (isStopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    answer();
    expect(verdictOf(await running)).toBe('ok');
    await stopped;
  });
});
