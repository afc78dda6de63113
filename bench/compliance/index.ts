/**
 * The compliance exporter: what 200 controls a minute cost, how many series they are, and how fast the API answers with many
 * controls and a long history.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { mountApi } from '../../exporters/compliance/api/router.js';
import type { ControlDetail } from '../../exporters/compliance/api/schemas.js';
import type { EvaluationDocument } from '../../exporters/compliance/evidence/document.js';
import { openEmbeddedStore } from '../../exporters/compliance/evidence/store/embedded.js';
import { freePort, startServer } from '../support/process.js';
import { type Figure, ms, report } from '../support/report.js';
import { quantile } from '../support/stats.js';

const CONTROLS = 200;
const MEASURED_SECONDS = 180;
const MOST_CORE = 0.05;
const MOST_STATUS_SERIES = 1_200;
const MOST_MS = 100;
const API_CONTROLS = 5_000;
/** With 200 controls each, as in many portals. */
const BOARDS = 25;
const MONTHS = 60;
const REQUESTS = 300;

const folder = mkdtempSync(join(tmpdir(), 'kop-bench-compliance-'));
try {
  report('Compliance', [...(await evaluating()), ...(await answering())]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A real Prometheus, a catalogue of 200 controls that ask it once a minute, and the exporter as people run it. */
async function evaluating(): Promise<readonly Figure[]> {
  const prometheusPort = await freePort();
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `scrape_configs: [{ job_name: self, scrape_interval: 5s, static_configs: [{ targets: ['127.0.0.1:${prometheusPort}'] }] }]\n`,
  );
  const prometheus = await startServer(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      '--log.level=error',
    ],
    `http://127.0.0.1:${prometheusPort}/-/ready`,
  );
  writeFileSync(join(folder, 'catalogue.yaml'), catalogue());
  writeFileSync(join(folder, 'pack.yaml'), described(prometheusPort));
  const port = await freePort();
  const exporter = await startServer(
    process.execPath,
    [
      join(import.meta.dirname, '../../cli/kop.js'),
      'exporters',
      'compliance',
      `--config.file=${join(folder, 'pack.yaml')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--state-directory=${join(folder, 'state')}`,
      '--log.level=error',
    ],
    `http://127.0.0.1:${port}/-/ready`,
  );
  try {
    await sleep(20_000);
    const before = exporter.cpuMs();
    console.log(`Measuring for ${MEASURED_SECONDS} s ...`);
    await sleep(MEASURED_SECONDS * 1_000);
    const share = (exporter.cpuMs() - before) / 1_000 / MEASURED_SECONDS;
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const series = page.match(/^compliance_control_status\{/gm)?.length ?? 0;
    const all = page.match(/^compliance_/gm)?.length ?? 0;
    const compliant = page.match(/^compliance_control_status\{.*status="compliant"\} 1$/gm)?.length ?? 0;
    return [
      figure('controls that are compliant, of 200', String(compliant), '200', compliant === CONTROLS),
      figure(
        'CPU of 200 controls every minute',
        `${(100 * share).toFixed(1)} % of a core`,
        `${100 * MOST_CORE} %`,
        share <= MOST_CORE,
      ),
      figure('series of the states', String(series), String(MOST_STATUS_SERIES), series <= MOST_STATUS_SERIES),
      figure('series of the board in all', String(all), 'for comparison', true),
      figure('memory of that process (RSS)', `${exporter.rssMb().toFixed(0)} MB`, 'for comparison', true),
    ];
  } finally {
    await exporter.stop();
    await prometheus.stop();
  }
}

function figure(what: string, ours: string, limit: string, holds: boolean): Figure {
  return { what, ours, peer: '-', limit, holds };
}

function catalogue(): string {
  const controls = Array.from({ length: CONTROLS }, (_, index) => {
    const id = `BEN-${String(index + 1).padStart(3, '0')}`;
    return `  ${id}:
    title: Prometheus is up, question ${index}
    area: security_compliance
    owner: platform
    severity: medium
    references: [{ framework: bench, ref: '${index}', confidence: listed }]
    statement: Prometheus is up.
    checks:
      up: { kind: promql, title: Up, query: 'min(up) + 0 * ${index}', expect: { is: '==', limit: 1 } }
    evidence: { maxAge: 10m }
    schedule: { every: 1m }
    tests: [{ given: { up: 1 }, want: compliant }, { given: { up: 0 }, want: non_compliant }, { given: {}, want: unknown }]`;
  });
  return `catalogue: { name: bench, title: Bench, version: 1.0.0 }
frameworks: { bench: { title: Bench, source: 'https://bench.example/' } }
controls:
${controls.join('\n')}
`;
}

function described(prometheusPort: number): string {
  return `portals: { bench: { title: Bench, baseUrl: 'http://127.0.0.1:1' } }
teams: { platform: { title: Platform } }
calendars:
  office: { timeZone: Europe/London, weekdays: Monday-Friday, hours: '08:00-18:00', holidays: england-and-wales }
compliance:
  bench:
    title: Bench
    portal: bench
    team: platform
    calendar: office
    catalogues: [./catalogue.yaml]
    prometheus: { url: 'http://127.0.0.1:${prometheusPort}' }
`;
}

/** The API over 5,000 controls and five years in which each changed its state every month. */
async function answering(): Promise<readonly Figure[]> {
  const ids = Array.from({ length: API_CONTROLS }, (_, index) => `BEN-${index + 1}`);
  console.log(`Writing ${API_CONTROLS * MONTHS} evaluations ...`);
  const store = await openEmbeddedStore(folder);
  for (let month = 0; month < MONTHS; month += 1) {
    await store.append(ids.map((id, at) => evaluation(id, at, month)));
  }
  const router = express.Router();
  const controls = ids.map(shown);
  mountApi(router, { controls: () => controls, evidence: () => store, now: () => new Date() });
  const server = createServer(express().use(router)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const base = `http://127.0.0.1:${address.port}/api/v1`;
  const id = (at: number) => ids[(at * 37) % API_CONTROLS] ?? '';
  try {
    return [
      await answer('a page of 100 controls', (at) => `${base}/controls?limit=100&q=${at % 10}`),
      await answer('one control', (at) => `${base}/controls/${id(at)}`),
      await answer(
        'history of a control',
        (at) => `${base}/history?board=${boardOf((at * 37) % API_CONTROLS)}&control=${id(at)}&limit=100`,
      ),
      await answer('the newest changes of a board', (at) => `${base}/history?board=${boardOf(at)}&limit=100`),
    ];
  } finally {
    server.close();
    server.closeAllConnections();
    await store.close();
  }
}

async function answer(what: string, url: (at: number) => string): Promise<Figure> {
  const took: number[] = [];
  for (let at = 0; at < REQUESTS; at += 1) {
    const begun = performance.now();
    const response = await fetch(url(at));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${url(at)} answers ${response.status}`);
    took.push(performance.now() - begun);
  }
  const p95 = quantile(took, 0.95);
  return figure(
    `API with ${API_CONTROLS} controls: ${what}, p95 of ${REQUESTS}`,
    ms(p95),
    `${MOST_MS} ms`,
    p95 <= MOST_MS,
  );
}

function boardOf(at: number): string {
  return `bench-${at % BOARDS}`;
}

function evaluation(control: string, at: number, month: number): EvaluationDocument {
  const state = month % 2 === 0 ? 'compliant' : 'non_compliant';
  return {
    format: 'kop-evaluation-1',
    board: boardOf(at),
    portal: boardOf(at),
    control,
    catalogue: { name: 'bench', version: '1.0.0', sha256: 'a'.repeat(64) },
    definition: 'b'.repeat(64),
    at: new Date(Date.UTC(2021, month, 1)).toISOString(),
    raw: state,
    effective: state,
    checks: [],
  };
}

/** Every other one rests on results of another tool. */
function shown(id: string, at: number): ControlDetail {
  return {
    board: boardOf(at),
    portal: boardOf(at),
    id,
    title: `Title of ${id}`,
    area: 'security_compliance',
    owner: 'platform',
    severity: 'medium',
    status: 'compliant',
    raw: 'compliant',
    evidenceMaxAgeSeconds: 600,
    statement: 'What has to be so.',
    references: [{ framework: 'bench', ref: '1', confidence: 'listed' }],
    checks: [
      {
        name: 'up',
        title: 'Up',
        kind: at % 2 === 0 ? 'promql' : 'imported',
        unit: 'count',
        outcome: 'pass',
        value: '1',
      },
    ],
    catalogue: { name: 'bench', version: '1.0.0', sha256: 'a'.repeat(64) },
  };
}
