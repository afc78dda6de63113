import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../exporters/runtime/log.js';
import { MeasuringThread } from '../../../exporters/workflow/measuring-thread.js';
import { job } from '../../support/workflow/domain.js';
import {
  packYaml,
  rollCall,
  sabotage,
  saboteurUrl,
  TestProcess,
  workflowYaml,
} from '../../support/workflow/process.js';
import { httpServer, json } from '../../support/workflow/server.js';

const pack = (url: string) =>
  packYaml(
    `kingston: { title: Kingston, baseUrl: "${url}", network: { proxy: none } }`,
    workflowYaml('client-list', 'schedule: { interval: 1s }'),
  );

function summaryOf(page: string): string {
  return page.slice(page.indexOf('id="summary"'), page.indexOf('id="section-0"'));
}

describe('when the measuring thread dies', () => {
  test.each([
    ['ends', { act: 'exit', code: 3 } as const, 'it ended by itself'],
    ['throws', { act: 'throw', message: 'kaputt' } as const, 'kaputt'],
  ])('because it %s, the exporter says so, shows nothing old, and comes back with its counts', async (_, act, why) => {
    const server = await httpServer((_request, response) => json(response, {}));
    const process = await TestProcess.start(pack(server.url));
    const met = 'workflow_sla_runs_total{portal="kingston",workflow="client-list",sla="met"}';
    await expect.poll(async () => (await process.page()).value(met), { timeout: 10_000 }).toBeGreaterThan(0);
    const before = (await process.page()).value(met) ?? 0;

    await sabotage(act);
    await expect.poll(async () => (await process.page()).delivered).toBe(0);
    const page = await process.page();
    expect(page.count('workflow_')).toBe(0);
    expect(await process.get('/-/ready')).toMatchObject({ status: 503, text: expect.stringContaining(why) });
    expect((await process.get('/')).text).toContain('Nothing below is current');
    expect(summaryOf((await process.get('/')).text)).toMatch(/Workflows<\/h3><p><span class="state warning">not known/);
    expect((await process.get('/probe?workflow=client-list')).status).toBe(503);
    expect(process.logs.join('')).toContain('a measuring thread died; starting it again');

    await expect.poll(async () => (await process.page()).delivered, { timeout: 5000 }).toBe(1);
    await expect.poll(async () => (await process.page()).value(met), { timeout: 10_000 }).toBeGreaterThan(before);
  });

  test('while probes wait for it, they are answered at once', async () => {
    const server = await httpServer(() => {});
    const process = await TestProcess.start(pack(server.url));
    const probe = process.get('/probe?workflow=client-list');
    await server.seen(1);
    await sabotage({ act: 'exit', code: 1 });
    expect(await probe).toMatchObject({
      status: 503,
      text: expect.stringContaining('the measuring thread gives no answer'),
    });
  });
});

describe('when the measuring thread falls silent', () => {
  test('it counts as dead, is ended, and starts again', { timeout: 60_000 }, async () => {
    const server = await httpServer((_, response) => json(response, {}));
    // Well above the pulse of one second, and what a busy machine takes to start a thread.
    const process = await TestProcess.start(pack(server.url), { silenceMs: 3000 });
    await expect.poll(async () => (await process.page()).delivered, { timeout: 10_000 }).toBe(1);
    await sabotage({ act: 'block', ms: 60_000 });
    await expect.poll(async () => (await process.page()).delivered, { timeout: 20_000 }).toBe(0);
    expect((await process.page()).count('workflow_')).toBe(0);
    await expect.poll(() => process.logs.join(''), { timeout: 20_000 }).toContain('and was ended');
    await expect.poll(async () => (await process.page()).delivered, { timeout: 30_000 }).toBe(1);
  });
});

describe('when the measuring thread hangs where nothing can end it', () => {
  test('only a restart of the process helps, and /-/healthy says so until the thread has gone', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const process = await TestProcess.start(pack(server.url), { silenceMs: 3000 });
    await expect.poll(async () => (await process.page()).delivered, { timeout: 15_000 }).toBe(1);
    expect(await process.get('/-/healthy')).toMatchObject({ status: 200, text: 'Healthy\n' });
    const pipe = join(mkdtempSync(join(tmpdir(), 'kop-test-')), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const release = () => closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    onTestFinished(release);
    await sabotage({ act: 'open', pipe });
    await expect.poll(async () => (await process.get('/-/ready')).status, { timeout: 15_000 }).toBe(503);
    // It may yet end, and would then be started again.
    expect((await process.get('/-/healthy')).status).toBe(200);
    await expect
      .poll(() => process.get('/-/healthy'), { timeout: 15_000 })
      .toMatchObject({
        status: 503,
        text: expect.stringMatching(/restart this process: workflow-sla: .*cannot be ended/),
      });
    expect((await process.get('/-/ready')).status).toBe(503);
    // What KopCollectorFailing tells of.
    expect((await process.page()).delivered).toBe(0);
    release();
    await expect.poll(async () => (await process.get('/-/healthy')).status, { timeout: 15_000 }).toBe(200);
    await expect.poll(async () => (await process.page()).delivered, { timeout: 15_000 }).toBe(1);
  });
});

test('a workflow whose answer holds the thread for ever is named, left out the second time, and tried again', {
  timeout: 60_000,
}, async () => {
  let meal = 'eat the time';
  const server = await httpServer((_, response) => json(response, { id: 1, meal }));
  const process = await TestProcess.start(
    packYaml(
      `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`,
      workflowYaml(
        'poison',
        'schedule: { interval: 1s }',
        '- { name: look, path: /, expect: { json: [{ path: $.id, equals: 1 }] } }',
      ),
    ),
    { silenceMs: 3000, isolationMs: 3000 },
  );
  const logs = () => process.logs.join('');
  await expect.poll(logs, { timeout: 30_000 }).toMatch(/was ended, while it judged poison on kingston/);
  await expect.poll(logs, { timeout: 30_000 }).toMatch(/left out for a while.*workflow=poison .*deaths=2/);
  meal = 'nothing';
  const of = async (metric: string, label: string) =>
    (await process.page()).value(`${metric}{portal="kingston",workflow="poison",${label}}`) ?? 0;
  await expect.poll(() => of('workflow_sla_runs_total', 'sla="met"'), { timeout: 30_000 }).toBeGreaterThan(0);
  expect(await of('workflow_runs_uncertain_total', 'reason="internal"')).toBeGreaterThan(2);
});

/** Only the thread, without a server. */
function thread(options: { readonly url?: URL } = {}): MeasuringThread {
  const subject = new MeasuringThread({ log: silentLogger, onReport: () => undefined, url: saboteurUrl(), ...options });
  onTestFinished(() => subject.stop(0));
  return subject;
}

describe('the thread', () => {
  test('that dies of its first plan says so, and the plan is refused', async () => {
    const broken = new URL(`data:text/javascript,${encodeURIComponent('throw new Error("no such engine")')}`);
    const subject = thread({ url: broken });
    await expect(subject.configure([])).rejects.toThrow(
      "the measuring thread 'workflow-sla' died of it: no such engine",
    );
    expect(subject.problem).toContain('no such engine');
  });

  test('takes a new plan while it waits to start again, and is not started twice', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const subject = thread();
    await subject.configure([]);
    await sabotage({ act: 'exit', code: 1 });
    await expect.poll(() => subject.problem).toContain('it ended by itself');
    await subject.configure([job(server.url)]);
    expect(subject.problem).toBeUndefined();
    // The restart that was planned would come after a second.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await subject.probe('client-list', 'kingston', 2000)).toMatchObject({ kind: 'ran' });
    expect(await rollCall()).toBe(1);
  });

  test('that hangs is ended all the same', async () => {
    const subject = thread();
    await subject.configure([]);
    await sabotage({ act: 'block', ms: 60_000 });
    const hanging = subject.probe('x', 'y', 100);
    const started = performance.now();
    await subject.stop(100);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await hanging).toBeUndefined();
  });

  test('that hangs does not keep a probe waiting for ever', async () => {
    const subject = thread();
    await subject.configure([]);
    await sabotage({ act: 'block', ms: 2500 });
    expect(await subject.probe('x', 'y', 100)).toBeUndefined();
  });
});
