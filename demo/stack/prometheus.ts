import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Child } from './child.js';
import type { DemoPace } from './pace.js';
import { LOOPBACK, onFreePort } from './ports.js';
import { prometheusConfigText } from './prometheus-config.js';
import { shippedRules } from './rules.js';
import type { Running, Service, StackContext } from './service.js';

export interface PrometheusOptions {
  /** The program, as found on the PATH. */
  readonly file: string;
  readonly port: number;
  readonly pace: Pick<DemoPace, 'scrapeSeconds' | 'evaluationSeconds' | 'hastenRules'>;
  readonly exporters: string;
  readonly alertmanager?: string;
  /** In place of the shipped ones. */
  readonly ruleFiles?: readonly string[];
}

const PATIENCE_MS = 60_000;

export function prometheusService(options: PrometheusOptions): Service {
  return {
    name: 'prometheus',
    title: 'Prometheus',
    start: (context) => onFreePort(options.port, (port) => start(context, { ...options, port })),
  };
}

async function start(context: StackContext, options: PrometheusOptions): Promise<Running> {
  const { file, port, pace, exporters, alertmanager } = options;
  const folder = join(context.folder, 'prometheus');
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'prometheus.yml');
  await writeFile(
    config,
    prometheusConfigText({
      ...pace,
      exporters: [new URL(exporters).host],
      ...(alertmanager === undefined ? {} : { alertmanager: new URL(alertmanager).host }),
      ruleFiles:
        options.ruleFiles ?? (await shippedRules(folder, pace.hastenRules ? pace.evaluationSeconds : undefined)),
    }),
  );
  const address = `http://${LOOPBACK}:${port}`;
  const child = new Child(
    {
      title: 'Prometheus',
      name: 'prometheus',
      file,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${LOOPBACK}:${port}`,
        // Links in alerts lead there, and not to this machine's name.
        `--web.external-url=${address}`,
        // What fires in the first seconds finds no Alertmanager yet, and would be told again only a minute later.
        `--rules.alert.resend-delay=${pace.evaluationSeconds}s`,
      ],
      advice: 'Measuring goes on without it, but nothing is judged. End the demo and start it again.',
    },
    context,
  );
  await child.ready(`${address}/-/ready`, PATIENCE_MS);
  return { address, ...(await versionOf(`${address}/api/v1/status/buildinfo`)), stop: () => child.stop() };
}

const buildInfo = z.object({ data: z.object({ version: z.string() }) });

async function versionOf(url: string): Promise<{ detail?: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return { detail: `version ${buildInfo.parse(await answer.json()).data.version}` };
  } catch {
    return {};
  }
}
