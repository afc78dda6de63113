import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type DemoPortal, startPortal } from '../../../demo/portal/index.js';
import { startPostgres } from '../../../demo/postgres/index.js';
import { alertmanager } from '../../../demo/stack/alertmanager.js';
import { startGuard } from '../../../demo/stack/guard.js';
import { nextFreePort } from '../../../demo/stack/ports.js';
import { prometheusService } from '../../../demo/stack/prometheus.js';
import type { StackContext } from '../../../demo/stack/service.js';
import { findProgram } from '../../../demo/stack/tools.js';
import { type RunningWebhook, webhook } from '../../../demo/stack/webhook.js';
import { loadPack, shippedPackPath } from '../../../pack/index.js';
import { ExporterProcess } from './exporter-process.js';
import { PrometheusClient } from './prometheus-client.js';
import { writeScaledRules } from './scaled-rules.js';

/** The whole wheel, real from the database to the webhook. */
export interface World {
  readonly portal: DemoPortal;
  readonly exporter: ExporterProcess;
  readonly prometheus: PrometheusClient;
  readonly webhook: RunningWebhook;
  close(): Promise<void>;
}

export type Schedules = Readonly<Record<string, { readonly sla?: string; readonly interval: string }>>;

/** @param schedules runs of the named workflows come this often, so that a test need not wait for them */
export async function startWorld(schedules: Schedules): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'kop-stack-'));
  const context: StackContext = {
    folder,
    signal: new AbortController().signal,
    guard: startGuard(folder, true),
    died: ({ title, how, lastLines }) => console.error(`${title} ended: ${how}`, lastLines),
  };
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await closer();
    }
    await rm(folder, { recursive: true, force: true });
    context.guard.dismiss();
  };
  const start = async <R extends { stop(): Promise<void> }>(service: { start(given: StackContext): Promise<R> }) => {
    const running = await service.start(context);
    closers.push(() => running.stop());
    return running;
  };

  try {
    const database = await startPostgres();
    closers.push(() => database.close());
    const portal = await startPortal({ databaseUrl: database.url, passwordCost: 4 });
    closers.push(() => portal.close());

    const overlay = join(folder, 'overlay.yaml');
    writeFileSync(overlay, overlayFor(portal, schedules));
    const configFiles = [resolve(shippedPackPath()), overlay];
    const exporter = new ExporterProcess({
      configFiles,
      port: await nextFreePort(0),
      env: { KINGSTON_PROBE_EMAIL: portal.probeEmail, KINGSTON_PROBE_PASSWORD: portal.probePassword },
    });
    closers.push(() => exporter.end('SIGTERM'));
    await exporter.start();

    const receiver = await start(webhook({ port: 0 }));
    const notifier = await start(
      alertmanager({
        file: program(['alertmanager', 'prometheus-alertmanager']),
        port: 0,
        webhookUrl: receiver.address,
        notifySeconds: 1,
      }),
    );
    const pack = loadPack(configFiles, { requireSecrets: false });
    const judge = await start(
      prometheusService({
        file: program(['prometheus']),
        port: 0,
        pace: { scrapeSeconds: 1, evaluationSeconds: 1, hastenRules: true },
        exporters: exporter.address,
        alertmanager: notifier.address,
        ruleFiles: writeScaledRules(pack, join(folder, 'rules')),
      }),
    );
    return { portal, exporter, prometheus: new PrometheusClient(judge.address), webhook: receiver, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function overlayFor(portal: DemoPortal, schedules: Schedules): string {
  return stringify({
    portals: { kingston: { baseUrl: portal.url, network: { proxy: 'none' }, limits: { maxInFlight: 6 } } },
    workflows: Object.fromEntries(
      Object.entries(schedules).map(([name, { interval, ...rest }]) => [name, { ...rest, schedule: { interval } }]),
    ),
  });
}

function program(names: readonly string[]): string {
  const file = findProgram(names);
  if (file === undefined) {
    throw new Error(`${names.join(' or ')} is not on the PATH; npm test says how to get it`);
  }
  return file;
}
