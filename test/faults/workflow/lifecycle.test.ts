import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtCli, packYaml, TestProcess, workflowYaml, writePack } from '../../support/workflow/process.js';
import { httpServer, json } from '../../support/workflow/server.js';

const portalYaml = (url: string, name = 'kingston') =>
  `${name}: { title: Kingston, baseUrl: "${url}", network: { proxy: none } }`;

describe('SIGTERM in the middle of a run', () => {
  test('lets the run end, and then the process, with 0', async () => {
    let answer = () => {};
    let whole = false;
    const server = await httpServer((_, response) => {
      answer = () => {
        response.once('finish', () => (whole = true));
        json(response, {});
      };
    });
    const packFile = writePack(
      packYaml(portalYaml(server.url), workflowYaml('client-list', 'schedule: { interval: 20s }')),
    );
    const args = ['exporters', 'workflow-sla', '--config.file', packFile, '--web.listen-address', '127.0.0.1:0'];
    const child = spawn(process.execPath, [builtCli, ...args], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await server.seen(1);
    child.kill('SIGTERM');
    const exited = once(child, 'exit');
    // It waits for the run: nobody hangs up on the portal.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBeNull();
    expect(server.open).toBe(1);
    answer();
    expect(await exited).toEqual([0, null]);
    expect(whole).toBe(true);
  });
});

test('SIGTERM with requests that are open beyond their deadline closes them, and ends within the grace with 0', async () => {
  const server = await httpServer(() => undefined);
  const packFile = writePack(
    packYaml(portalYaml(server.url), workflowYaml('client-list', 'schedule: { interval: 1s, timeout: 700ms }')),
  );
  const args = ['exporters', 'workflow-sla', '--config.file', packFile, '--web.listen-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, [builtCli, ...args], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await server.seen(1);
  // Past its deadline the request is open, and stays so.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(server.open).toBeGreaterThan(0);
  const exited = once(child, 'exit');
  const began = performance.now();
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  // Runs in progress have five seconds; an open request is waited for no longer than that.
  expect(performance.now() - began).toBeLessThan(8000);
  await expect.poll(() => server.open).toBe(0);
});

describe('a reload', () => {
  const met = (workflow: string) => `workflow_sla_runs_total{portal="kingston",workflow="${workflow}",sla="met"}`;
  const every = 'schedule: { interval: 1s, jitter: 0% }';

  test('shows new series at 0, takes old ones away, and keeps the counts of the rest', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const kept = workflowYaml('kept', every);
    const process = await TestProcess.start(packYaml(portalYaml(server.url), kept + workflowYaml('gone', every)));
    await expect.poll(async () => (await process.page()).value(met('kept')), { timeout: 10_000 }).toBeGreaterThan(0);
    const connections = server.connections;
    const count = (await process.page()).value(met('kept')) ?? 0;

    expect(
      await process.reload(
        packYaml(portalYaml(server.url), kept + workflowYaml('fresh', 'schedule: { interval: 60s }')),
      ),
    ).toBe(true);
    const page = await process.page();
    expect(page.value(met('kept'))).toBeGreaterThanOrEqual(count);
    expect(page.value(met('fresh'))).toBe(0);
    expect(page.text).not.toContain('workflow="gone"');
    // The pace goes on: no new warm-up, and the next run comes.
    await expect.poll(async () => (await process.page()).value(met('kept')), { timeout: 5000 }).toBeGreaterThan(count);
    expect(server.connections).toBeGreaterThan(connections);
    expect((await process.get('/probe?workflow=gone')).status).toBe(404);
  });

  test('with a file that is wrong changes nothing, and is seen', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const process = await TestProcess.start(packYaml(portalYaml(server.url), workflowYaml('kept', every)));
    await expect.poll(async () => (await process.page()).value(met('kept')), { timeout: 10_000 }).toBeGreaterThan(0);
    const count = (await process.page()).value(met('kept')) ?? 0;
    const mutating = '- { name: change, method: POST, path: /look }';
    expect(await process.reload(packYaml(portalYaml(server.url), workflowYaml('kept', every, mutating)))).toBe(false);
    expect(process.logs.join('')).toContain("changes data, which portal 'kingston' does not allow");
    expect((await process.page()).value('kop_config_last_reload_successful')).toBe(0);
    await expect.poll(async () => (await process.page()).value(met('kept')), { timeout: 5000 }).toBeGreaterThan(count);
  });
});

test('the process is ready after the warm-up runs, and not before', async () => {
  let answer: (() => void) | undefined;
  const server = await httpServer((_, response) => {
    if (answer === undefined) answer = () => json(response, {});
    else json(response, {});
  });
  const process = await TestProcess.start(packYaml(portalYaml(server.url), workflowYaml('client-list')));
  await server.seen(1);
  expect(await process.get('/-/ready')).toMatchObject({
    status: 503,
    text: expect.stringContaining('1 of 1 workflows have not had their warm-up run'),
  });
  answer?.();
  await expect.poll(async () => (await process.get('/-/ready')).status, { timeout: 5000 }).toBe(200);
  expect(
    (await process.page()).value('workflow_sla_runs_total{portal="kingston",workflow="client-list",sla="met"}'),
  ).toBe(0);
});
