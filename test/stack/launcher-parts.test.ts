/** The parts of the launcher that decide something, without the programs that they decide about. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { adapted } from '../../demo/stack/alertmanager.js';
import { sourcesSaid } from '../../demo/stack/compliance/sources-said.js';
import { startGuard } from '../../demo/stack/guard.js';
import { hints } from '../../demo/stack/hints.js';
import { describe as described } from '../../demo/stack/notification.js';
import { defaultPorts, parsePorts } from '../../demo/stack/options.js';
import { overlayText } from '../../demo/stack/overlay.js';
import { nextFreePort, onFreePort } from '../../demo/stack/ports.js';
import { prometheusConfigText } from '../../demo/stack/prometheus-config.js';
import { evaluatedEvery } from '../../demo/stack/rules.js';
import { ServiceFailed } from '../../demo/stack/service.js';
import { table } from '../../demo/stack/table.js';
import { widthOf, widthWithoutWindow } from '../../demo/stack/terminal.js';
import { webhook } from '../../demo/stack/webhook.js';
import { loadPack } from '../../pack/index.js';

const firing = {
  status: 'firing',
  labels: {
    alertname: 'WorkflowSlaBurn',
    window: 'fast',
    workflow: 'search',
    portal: 'kingston',
    priority: 'critical',
    team: 'performance',
  },
  annotations: { description: '<b>80%</b> of the runs missed.' },
  startsAt: '2026-11-23T09:00:00Z',
} as const;

const context = {
  folder: '',
  signal: new AbortController().signal,
  guard: startGuard('', false),
  died: () => undefined,
};

it('takes the next port when the wanted one is taken, at the look and at the bind', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const { port } = await new Promise<AddressInfo>((resolve) => {
    server.once('listening', () => resolve(server.address() as AddressInfo));
  });
  expect(await nextFreePort(port)).toBeGreaterThan(port);
  server.close();
  const tried: number[] = [];
  const won = await onFreePort(port, async (candidate) => {
    tried.push(candidate);
    if (tried.length === 1) {
      throw new ServiceFailed('x', ['listen tcp 127.0.0.1: bind: address already in use']);
    }
    return candidate;
  });
  expect(tried).toHaveLength(2);
  expect(won).toBeGreaterThan(tried[0] ?? 0);
});

it('does not try again when something else is wrong', async () => {
  await expect(onFreePort(0, () => Promise.reject(new ServiceFailed('no such file')))).rejects.toThrow('no such file');
});

it('reads ports by name, and any', () => {
  expect(parsePorts('grafana=3100')).toEqual({ ...defaultPorts, grafana: 3100 });
  expect(parsePorts('any,portal=8101')).toMatchObject({ portal: 8101, prometheus: 0 });
  expect(() => parsePorts('grafna=1')).toThrow("'grafna' is none of portal, admin");
  expect(() => parsePorts('grafana=70000')).toThrow('is no port');
});

it('never runs a workflow again before its SLA is over', () => {
  const pack = loadPack([], { requireSecrets: false });
  const overlay = parse(overlayText(pack, { portalUrl: 'http://127.0.0.1:1', pathStyle: 'kebab', probeSeconds: 2 }));
  expect(overlay.portals.kingston).toMatchObject({ baseUrl: 'http://127.0.0.1:1', pathStyle: 'kebab' });
  expect(overlay.workflows['client-list'].schedule.interval).toBe('3s');
  expect(overlay.workflows['bulk-read'].schedule.interval).toBe('4s');
});

it('trusts the certificate of a stand-in portal, and only of that', () => {
  const pack = loadPack([], { requireSecrets: false });
  const tlsOf = (portalUrl: string) =>
    parse(overlayText(pack, { portalUrl, pathStyle: 'kebab' })).portals.kingston.tls?.insecureSkipVerify;
  expect(tlsOf('https://127.0.0.1:1')).toBe(true);
  expect(tlsOf('http://127.0.0.1:1')).toBeUndefined();
});

it('keeps the scrape time-out within the interval, without which Prometheus does not start', () => {
  const config = { evaluationSeconds: 5, exporters: ['127.0.0.1:1'], ruleFiles: ['a.yaml'] };
  expect(parse(prometheusConfigText({ ...config, scrapeSeconds: 5 })).global.scrape_timeout).toBe('5s');
  expect(parse(prometheusConfigText({ ...config, scrapeSeconds: 60 })).global.scrape_timeout).toBe('10s');
  expect(parse(prometheusConfigText({ ...config, scrapeSeconds: 5 })).alerting).toBeUndefined();
});

it('sends to the receiver of this run, and waits less only when asked', () => {
  const shipped = `route: { group_wait: 30s, group_interval: 5m, repeat_interval: 1h, routes: [{ group_wait: 0s }] }
receivers: [{ name: a, webhook_configs: [{ url: 'http://127.0.0.1:9095/platform/high' }] }]`;
  const plain = parse(adapted(shipped, 'http://127.0.0.1:5', undefined));
  expect(plain.receivers[0].webhook_configs[0].url).toBe('http://127.0.0.1:5/platform/high');
  expect(plain.route.group_wait).toBe('30s');
  const hasty = parse(adapted(shipped, 'http://127.0.0.1:5', 2)).route;
  expect(hasty).toEqual({
    group_wait: '2s',
    group_interval: '2s',
    repeat_interval: '1h',
    routes: [{ group_wait: '0s' }],
  });
});

it('changes the pace of rules and nothing else', () => {
  const rules =
    'groups:\n  - name: a\n    interval: 5m\n    rules:\n      - record: x\n        expr: |\n          1\n          + 1\n';
  expect(evaluatedEvery(5, rules)).toBe(rules.replace('5m', '5s'));
});

it('tells an alert in two lines', () => {
  const lines = described({
    at: new Date(2026, 10, 23, 9, 5, 7),
    path: '/',
    receiver: 'r',
    alert: { ...firing, generatorURL: '', fingerprint: '' },
  });
  expect(lines).toEqual([
    '09:05:07  FIRING    WorkflowSlaBurn (fast) · search on kingston · critical priority for performance',
    '                    <b>80%</b> of the runs missed.',
  ]);
});

it('lists alerts on a page that runs nothing an alert brings along, and refuses rubbish', async () => {
  const receiver = await webhook({ port: 0 }).start(context);
  const post = (body: string) => fetch(`${receiver.address}/performance/critical`, { method: 'POST', body });
  expect((await post(JSON.stringify({ receiver: 'r', alerts: [firing] }))).status).toBe(200);
  expect((await post('{"alerts":1}')).status).toBe(400);
  expect((await post('no json')).status).toBe(400);
  const page = await (await fetch(receiver.address)).text();
  expect(page).toContain('&lt;b&gt;80%&lt;/b&gt; of the runs missed.');
  expect(receiver.received).toHaveLength(1);
  await receiver.stop();
});

it('aligns the table, and says what is not there', () => {
  expect(
    table([
      { name: 'portal', title: 'Demo portal', address: 'http://127.0.0.1:8001', state: 'running', isRunning: true },
      { name: 'grafana', title: 'Grafana', state: 'not installed', isRunning: false },
    ]),
  ).toEqual([
    '  WHAT         ADDRESS                STATE',
    '  Demo portal  http://127.0.0.1:8001  running',
    '  Grafana      -                      not installed',
  ]);
});

it('lays the table out for 80 columns, or COLUMNS, without a window', () => {
  expect(['120', undefined, '', '0', 'wide'].map(widthWithoutWindow)).toEqual([120, 80, 80, 80, 80]);
  const window = (columns: number) => ({ isTTY: true, columns });
  expect([widthOf(window(132), '90'), widthOf(window(0), '90'), widthOf(window(0), undefined)]).toEqual([132, 90, 80]);
});

it('breaks no word of the table, nor an address, in a window of 80 columns', () => {
  const rows = [
    {
      name: 'postgres',
      title: 'PostgreSQL',
      address: 'postgresql://127.0.0.1:40123/kingstons_portal',
      state: 'running',
      detail: 'started for this demo',
      isRunning: true,
    },
    {
      name: 'portal',
      title: 'Demo portal',
      address: 'http://127.0.0.1:8001',
      state: 'running',
      detail: 'faults on http://127.0.0.1:8002/admin',
      isRunning: true,
    },
  ];
  expect(table(rows, 80)).toEqual([
    '  WHAT         ADDRESS                                        STATE',
    '  PostgreSQL   postgresql://127.0.0.1:40123/kingstons_portal  running',
    '               started for this demo',
    '  Demo portal  http://127.0.0.1:8001                          running',
    '               faults on http://127.0.0.1:8002/admin',
  ]);
  expect(table(rows)[1]).toMatch(/running, started for this demo$/);
  for (const width of [62, 70, 80, 100])
    for (const line of table(rows, width)) expect(line.length).toBeLessThanOrEqual(width);
});

it('hints at lines that a shell takes as they are, and says of each what it does within 80 columns', () => {
  const lines = hints({
    adminUrl: 'http://127.0.0.1:8002',
    exportersUrl: 'http://127.0.0.1:9470',
    config: "/tmp/o'clock/config",
    stateDirectory: '/tmp/demo/state',
    env: { SOFTHSM2_CONF: '/tmp/demo/softhsm2.conf' },
    hasPrometheus: true,
  });
  for (const line of lines) {
    expect(line.replace(/'[^']*'/g, '')).not.toMatch(/[*?]/);
    if (line.startsWith('      ')) expect(line.length).toBeLessThanOrEqual(80);
  }
  const text = lines.join('\n');
  expect(text).toContain("--config.file '/tmp/o'\\''clock/config'");
  expect(text).toContain('SOFTHSM2_CONF=/tmp/demo/softhsm2.conf npx kop encryption probe --samples 20');
  expect(text).toContain('npx kop healthcheck --web.listen-address 127.0.0.1:9470');
});

it('counts no statement of a person, no unknown check and no control that does not apply as a live source', () => {
  const measured = { kind: 'sql', outcome: 'pass' };
  const stated = { kind: 'attestation', outcome: 'pass' };
  const unread = { kind: 'sql', outcome: 'unknown', reason: 'relation "compliance.x" does not exist' };
  const said = sourcesSaid([
    { id: 'A-01', raw: 'compliant', checks: [measured, stated] },
    { id: 'A-02', raw: 'non_compliant', checks: [{ kind: 'promql', outcome: 'fail' }] },
    { id: 'A-03', raw: 'compliant', checks: [stated] },
    { id: 'A-04', raw: 'unknown', checks: [measured, unread, unread] },
    { id: 'A-05', raw: 'unknown', reason: 'its review was due', checks: [measured] },
    { id: 'A-06', raw: 'not_applicable', checks: [unread] },
  ]);
  expect(said).toEqual([
    '',
    'Compliance: 2 of 5 controls have a live source in this demo.',
    'These rest on a statement alone, which the demo wrote:',
    '  A-03',
    'These are unknown, because a source is missing or has said nothing yet:',
    '  A-04  relation "compliance.x" does not exist',
    '  A-05  its review was due',
  ]);
});
