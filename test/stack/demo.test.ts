/** `kop demo` as a newcomer meets it: real programs, on free ports, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../pack/index.js';
import { softHsmLibrary } from '../support/encryption/softhsm.js';
import { canMount, mounted } from '../support/mounted.js';
import { DemoProcess, runKop } from '../support/stack/demo-process.js';
import { eventually } from '../support/stack/eventually.js';
import { PrometheusClient } from '../support/stack/prometheus-client.js';

const demos: DemoProcess[] = [];
/** The demo has nothing that these could honestly be asked of. */
const WITHOUT_VIEW = ['AUD-07', 'DPR-07', 'DPR-09', 'FIN-04', 'PRV-06', 'PRV-08', 'PRV-09', 'SEC-04'];
const SOURCES_TOLD =
  /^Compliance: (\d+) of 55 controls have a live source .*\n.* alone, which the demo wrote:\n {2}(.*)\nThese are unknown.*\n((?: {2}\w+-\d+ {2}.+\n)+)/m;
const wholeBoard = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      checks: z.array(z.object({ kind: z.string(), source: z.string().optional(), asOf: z.string().optional() })),
    }),
  ),
});
const boardPage = z.object({ items: z.array(z.object({ id: z.string(), status: z.string() })) });

function demo(args: readonly string[], env: Readonly<Record<string, string>> = {}): DemoProcess {
  const started = new DemoProcess(args, env);
  demos.push(started);
  return started;
}

afterEach(async () => {
  for (const started of demos.splice(0)) {
    await started.end('SIGTERM');
  }
});

it('starts everything, says where it is, takes faults, and leaves nothing behind after Ctrl-C', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  const { port } = await new Promise<AddressInfo>((resolve) => {
    taken.once('listening', () => resolve(taken.address() as AddressInfo));
  });
  const running = demo(['--ports', `any,portal=${port}`, '--fast'], { GRAFANA_HOME: fakeGrafana() });
  const addresses = await running.ready();

  // Without a compiler npm leaves pkcs11js out, and the demo says so.
  expect(addresses.missing).toEqual(softHsmLibrary === undefined ? ['softhsm'] : []);
  expect(addresses.portal).not.toBe(`http://127.0.0.1:${port}`);
  const paths = {
    portal: '/api/health',
    exporters: '/metrics',
    prometheus: '/-/ready',
    alertmanager: '/-/ready',
    alerts: '/',
    grafana: '/api/health',
    admin: '/admin/faults',
  };
  for (const [name, path] of Object.entries(paths)) {
    const answer = await fetch(`${String(addresses[name])}${path}`);
    expect([name, answer.status]).toEqual([name, 200]);
  }
  expect(running.told).toContain(`Demo portal      ${addresses.portal}`);

  const prometheus = new PrometheusClient(String(addresses.prometheus));
  await eventually('a healthy target and loaded rules', 30_000, async () => {
    const [targets, rules] = await Promise.all([prometheus.targets(), prometheus.rules()]);
    return targets.some(({ health }) => health === 'up') && rules.some(({ name }) => name === 'WorkflowSlaBurn');
  });
  // The watchdog alert goes all the way: rules, Prometheus, Alertmanager, receiver.
  await eventually('a heartbeat', 30_000, async () => {
    const list = z.object({ heartbeat: z.string().optional() });
    return list.parse(await (await fetch(`${String(addresses.alerts)}/alerts.json`)).json()).heartbeat;
  });

  // All three sides of the audit trail: every table covered, every row compared, and all of it sealed.
  await eventually('an audit trail that is proven', 90_000, async () => {
    const page = await (await fetch(`${String(addresses.exporters)}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^audit_trail_${name}\\{.*\\} (\\S+)$`, 'm').exec(page)?.[1]);
    const tables = [...page.matchAll(/^audit_trail_table_state\{.*state="(?:ok|explained)".*\} 1$/gm)];
    return (
      value('tables_covered') > 0 &&
      value('tables_covered') === value('tables_in_scope') &&
      tables.length === value('tables_in_scope') &&
      value('checkpoint_size') > 0
    );
  });

  // The board: what has a source is judged by it; what has none is unknown, and never compliant.
  const board = async () => {
    const answer = await fetch(`${String(addresses.exporters)}/api/v1/controls?limit=500`);
    const { items } = boardPage.parse(await answer.json());
    return new Map(items.map(({ id, status }) => [id, status]));
  };
  const states = async (wanted: Readonly<Record<string, string>>) => {
    const found = await board();
    return Object.entries(wanted).every(([id, status]) => found.get(id) === status);
  };
  const calm = { 'AUD-02': 'compliant', 'PRV-01': 'compliant', 'DPR-05': 'compliant', 'SEC-07': 'compliant' };
  await eventually('a board', 90_000, () => states({ ...calm, 'SEC-04': 'unknown', 'SEC-06': 'waived' }));
  await tellsLiveSources(running, String(addresses.exporters));
  const faulty = ['request_overdue', 'breach_open', 'backup_missed', 'register_missing'];
  for (const fault of faulty) {
    expect((await runKop(['demo', 'fault', fault, '--admin', addresses.admin])).code).toBe(0);
  }
  await eventually('what is wrong', 60_000, () =>
    states({ 'PRV-01': 'non_compliant', 'DPR-05': 'at_risk', 'SEC-07': 'non_compliant', 'FIN-10': 'unknown' }),
  );
  await runKop(['demo', 'fault', '--clear', '--admin', addresses.admin]);
  await eventually('a calm board', 60_000, () => states({ ...calm, 'FIN-10': 'compliant' }));

  // What it printed is what a person types into a second terminal: no variable, no other folder.
  const printed = [...running.told.matchAll(/^ {2}((?:\w+=\S+ )?(?:npx kop|kop|node \S+kop\.js) (?!demo ).+)$/gm)];
  expect(printed.map(([, line = '']) => line.replace(/^.*kop(?:\.js)? /, '').split(' --')[0])).toEqual([
    'workflow run client-list',
    'audit status',
    'audit explain public.client_groups',
    'audit verify',
    'audit prove 1',
    'encryption probe',
    'encryption scan',
    'controls list',
    'controls explain PRV-01',
    'evidence show PRV-01',
    'evidence verify',
    expect.stringMatching(/^check /),
    'healthcheck',
  ]);
  for (const [, line = ''] of printed) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: running.folder, encoding: 'utf8' });
    // On a busy machine a run or an operation may miss its promise, or be disturbed so much that nobody can tell; what it
    // says of that is right.
    const isMeasured = /workflow run|encryption probe/.test(line);
    const isUnknown = /^not known: .* were disturbed/m.test(stdout);
    const allowed = [0, ...(isMeasured ? [1] : []), ...(line.includes('encryption probe') && isUnknown ? [2] : [])];
    expect([line, status, status === 0 ? '' : stdout + stderr]).toEqual([
      line,
      expect.toSatisfy((code) => allowed.includes(code)),
      isMeasured ? expect.anything() : '',
    ]);
  }

  const told = grafanaTold.parse(await (await fetch(`${String(addresses.grafana)}/told`)).json());
  expect(told.args.slice(0, 2)).toEqual(['server', '--homepath']);
  expect(told.settings).toMatchObject({
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_PLUGINS_PREINSTALL_DISABLED: 'true',
  });
  expect(told.settings.GF_PATHS_DATA).toContain(running.folder);
  const provisioned = Object.values(told.provisioning).join('\n');
  expect(provisioned).toContain(`url: ${String(addresses.prometheus)}`);
  expect(provisioned).toContain(join('dashboards', 'json'));

  const broken = await runKop(['demo', 'fault', 'status=503,route=/api/health', '--admin', addresses.admin]);
  expect(broken.code).toBe(0);
  expect((await fetch(`${addresses.portal}/api/health`)).status).toBe(503);
  await runKop(['demo', 'fault', '--clear', '--admin', addresses.admin]);
  expect((await fetch(`${addresses.portal}/api/health`)).status).toBe(200);

  expect(await running.end('SIGINT')).toBe(0);
  await eventually('nothing is left', 5_000, async () => running.left().length === 0);
  expect(existsSync(join(running.folder, '.kop'))).toBe(false);
  await new Promise((resolve) => taken.close(resolve));
}, 240_000);

it('shows a certificate that nears its end, when the portal speaks TLS; leaves nothing behind when it is killed', async () => {
  const args = ['--tls', '--fault', 'certificate=10', '--no-grafana', '--fast', '--ports', 'any'];
  const running = demo(args);
  const { portal, exporters } = await running.ready();
  expect(portal).toMatch(/^https:/);
  const days = await eventually('the end of the certificate', 60_000, async () => {
    const page = await (await fetch(`${exporters}/metrics`)).text();
    const [, seconds] = /^workflow_certificate_expiry_timestamp_seconds\{.*\} (\S+)$/m.exec(page) ?? [];
    return seconds === undefined ? undefined : (Number(seconds) - Date.now() / 1000) / 86_400;
  });
  expect(days).toBeGreaterThan(9);
  expect(days).toBeLessThanOrEqual(10);
  expect(await running.end('SIGKILL')).toBe('SIGKILL');
  await eventually('everything has followed', 20_000, async () => running.left().length === 0);
  expect(existsSync(join(running.folder, '.kop'))).toBe(false);
});

it('tells which program died and how its log ends, and goes on; keeps its data, and measures on it without what is missing', async () => {
  const running = demo(['--ports', 'any', '--no-grafana', '--data-dir', 'kept']);
  const addresses = await running.ready();
  process.kill(running.pidOf('prometheus.yml'), 'SIGKILL');
  await eventually('the death is told', 5_000, async () =>
    /Prometheus ended on its own \(SIGKILL\).*\n {2}\| /s.test(running.told),
  );
  expect((await fetch(`${addresses.exporters}/-/healthy`)).status).toBe(200);
  expect(await running.end('SIGINT')).toBe(0);

  // And starts on them again, where the programs are not installed: it tells what is missing and how to get it.
  const kept = join(running.folder, 'kept');
  expect(existsSync(join(kept, 'postgres'))).toBe(true);
  const second = demo(['--ports', 'any', '--data-dir', kept], { PATH: almostEmptyPath(), GRAFANA_HOME: '' });
  const { exporters, missing } = await second.ready();
  expect([...missing].sort()).toEqual(['alertmanager', 'grafana', 'prometheus', 'softhsm']);
  expect(second.told).toMatch(/Prometheus is not installed.*apt-get install prometheus .*brew install prometheus/s);
  expect(second.told).toContain('apt-get install prometheus-alertmanager');
  expect(second.told).toContain('apt-get install softhsm2');
  await eventually('measured series', 30_000, async () => {
    const page = await (await fetch(`${exporters}/metrics`)).text();
    return page.includes('workflow_sla_runs_total{') && page.includes('field_encryption_rows{');
  });
  expect(await second.end('SIGTERM')).toBe(0);
});

it.skipIf(!canMount)('says that the disk is full, and what needs how much, without a stack', async () => {
  const disk = mounted('size=32m,mode=1777');
  const running = demo(['--ports', 'any', '--no-grafana', '--no-prometheus'], { TMPDIR: disk.path });
  await eventually('its end', 60_000, async () => running.child.exitCode !== null);
  expect(running.child.exitCode).toBe(2);
  expect(running.told).toMatch(
    /The disk of \S+ has \d+ MB free\. The demo needs about 200 MB in \S+ for PostgreSQL's files, /,
  );
  expect(running.told).toContain('TMPDIR');
  expect(running.told).not.toMatch(/^ +at /m);
});

it('ends at once, and cleanly, when it is told to stop while it is starting', async () => {
  const running = demo(['--ports', 'any', '--no-grafana']);
  await eventually('the start', 30_000, async () => running.told.includes('Starting the demo'));
  expect(await running.end('SIGINT')).toBe(0);
  await eventually('nothing is left', 5_000, async () => running.left().length === 0);
});

it.each([
  [['--ports', 'portal=x'], "'x' is no port for portal"],
  [['--fault', 'sunshine'], 'kind: must be one of'],
  [['--scale', '0'], 'Expected a whole number from 1'],
])('refuses %j with exit code 2', async (args, message) => {
  const { code, out } = await runKop(['demo', ...args]);
  expect(code).toBe(2);
  expect(out).toContain(message);
});

const grafanaTold = z.object({
  args: z.array(z.string()),
  settings: z.record(z.string(), z.string()),
  provisioning: z.record(z.string(), z.string()),
});

/** Has what Grafana's archive has, as far as the demo looks. */
function fakeGrafana(): string {
  const home = mkdtempSync(join(tmpdir(), 'grafana-'));
  mkdirSync(join(home, 'bin'));
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf', 'defaults.ini'), '');
  const program = join(home, 'bin', 'grafana');
  copyFileSync(join(packageRoot(), 'test', 'support', 'stack', 'fake-grafana.mjs'), program);
  chmodSync(program, 0o755);
  return home;
}

/** Only what PostgreSQL's launcher asks the system. */
function almostEmptyPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'path-'));
  chmodSync(folder, 0o755);
  for (const program of ['/usr/bin/id', '/bin/id']) {
    if (existsSync(program) && !existsSync(join(folder, 'id'))) {
      symlinkSync(program, join(folder, 'id'));
    }
  }
  return folder;
}

/** What it prints of sources is what the exporter answers: no control is compliant without one. */
async function tellsLiveSources(running: DemoProcess, exporters: string): Promise<void> {
  const [, live, statedText = '', unknownText = ''] = await eventually(
    'how many have a live source',
    120_000,
    async () => SOURCES_TOLD.exec(running.told) ?? undefined,
  );
  const stated = statedText.split(', ').sort();
  expect(stated).toEqual(['DPR-04', 'FIN-18', 'PRV-07', 'SEC-05']);
  const unknown = unknownText.trimEnd().split('\n');
  expect(Number(live) + stated.length + unknown.length).toBe(55);
  const noView = unknown.filter((line) => /relation "compliance\.\w+" does not exist/.test(line));
  expect(noView.map((line) => line.trim().split(' ')[0]).sort()).toEqual(WITHOUT_VIEW);

  const answer = await fetch(`${exporters}/api/v1/export?format=json`);
  const compliant = wholeBoard.parse(await answer.json()).items.filter(({ status }) => status === 'compliant');
  expect(compliant.length).toBeGreaterThan(30);
  for (const { id, checks } of compliant) {
    const isSourceless =
      checks.length === 0 || checks.some(({ source, asOf }) => source === undefined || asOf === undefined);
    const isStated = checks.every(({ kind }) => kind === 'attestation');
    expect([id, isSourceless, isStated]).toEqual([id, false, stated.includes(id)]);
    expect(WITHOUT_VIEW).not.toContain(id);
  }
}
