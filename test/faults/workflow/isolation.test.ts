/** An answer that ends the measuring thread again and again ends the measuring of one workflow, and not of all. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { builtCli, Page, packYaml, workflowYaml, writePack } from '../../support/workflow/process.js';
import { httpServer, json } from '../../support/workflow/server.js';

const hungry = fileURLToPath(new URL('../../support/workflow/hungry.mjs', import.meta.url));

/** `kop exporters` with a heap of 96 MB, whose measuring thread cannot judge some answers. */
async function smallProcess(yaml: string) {
  if (!existsSync(builtCli)) throw new Error('dist/ is missing: run npm run build first');
  const flags = ['--max-old-space-size=96', '--import', hungry];
  const what = ['exporters', '--config.file', writePack(yaml), '--web.listen-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, [...flags, builtCli, ...what], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  await expect.poll(() => log, { timeout: 30_000 }).toContain('msg=started');
  const url = /url=(\S+)\//.exec(log)?.[1] ?? '';
  const get = async (path: string) => (await fetch(url + path)).text();
  return { child, get, log: () => log, page: async () => new Page(await get('/metrics')) };
}

const expectation = (name: string) => `- { name: look, path: /${name}, expect: { json: [{ path: $.id, equals: 1 }] } }`;

test('a workflow whose answer eats the heap is named and left out; the others are measured, and no turn is lost', {
  timeout: 90_000,
}, async () => {
  let meal = 'eat the heap';
  const server = await httpServer((request, response) =>
    json(response, request.url === '/poison' ? { id: 1, meal } : { id: 1 }),
  );
  const subject = await smallProcess(
    packYaml(
      `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`,
      ['poison', 'healthy']
        .map((name) => workflowYaml(name, 'schedule: { interval: 1s, warmupRuns: 0 }', expectation(name)))
        .join('\n'),
    ),
  );
  const began = performance.now();
  const out = 'a workflow is left out for a while';
  await expect.poll(subject.log, { timeout: 60_000, interval: 200 }).toContain(out);
  expect(subject.log()).toMatch(/a measuring thread died.*error=".*while it judged poison on kingston/);
  expect(subject.log()).toMatch(/left out for a while.*workflow=poison portal=kingston deaths=2/);

  const series = (metric: string, workflow: string, rest: string) =>
    `${metric}{portal="kingston",workflow="${workflow}",${rest}}`;
  const met = series('workflow_sla_runs_total', 'healthy', 'sla="met"');
  await expect
    .poll(async () => (await subject.page()).value(met) ?? 0, { timeout: 30_000, interval: 200 })
    .toBeGreaterThan(3);
  const page = await subject.page();
  const turns = (workflow: string) =>
    page.text
      .split('\n')
      .filter((line) => /^workflow_(sla_runs|runs_uncertain|runs_dropped)_total\{/.test(line))
      .filter((line) => line.includes(`workflow="${workflow}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const due = (performance.now() - began) / 1000;
  // A schedule begins within an interval or two, and rounding is half of one each time.
  for (const workflow of ['poison', 'healthy']) expect(turns(workflow)).toBeGreaterThan(due - 5);
  for (const workflow of ['poison', 'healthy']) expect(turns(workflow)).toBeLessThan(due + 2);
  expect(page.value(series('workflow_runs_uncertain_total', 'poison', 'reason="internal"'))).toBeGreaterThan(2);
  expect(page.value(series('workflow_sla_runs_total', 'poison', 'sla="missed"'))).toBe(0);
  expect(page.value(series('workflow_step_failures_total', 'poison', 'step="look",reason="exporter"'))).toBeGreaterThan(
    2,
  );
  expect(page.delivered).toBe(1);
  expect(page.value('workflow_last_run_duration_seconds{portal="kingston",workflow="poison"}')).toBeUndefined();
  expect(await subject.get('/')).toContain('poison on kingston is left out for another');
  expect(await subject.get('/probe?workflow=poison&debug=true')).toContain('ended the measuring thread 2 times');
  expect(await subject.get('/probe?workflow=healthy')).toContain('probe_success 1');

  // Somebody has mended it, and says so.
  meal = 'nothing';
  subject.child.kill('SIGHUP');
  const poisonMet = series('workflow_sla_runs_total', 'poison', 'sla="met"');
  await expect
    .poll(async () => (await subject.page()).value(poisonMet) ?? 0, { timeout: 30_000, interval: 200 })
    .toBeGreaterThan(0);
});
