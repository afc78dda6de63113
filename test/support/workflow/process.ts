import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { type RunningExporters, runExporters } from '../../../exporters/runtime/run.js';
import { wholeShard } from '../../../exporters/runtime/shard.js';
import { wireWorkflow } from '../../../exporters/workflow/index.js';

export const builtCli = fileURLToPath(new URL('../../../dist/cli/kop.js', import.meta.url));

/** The compiled measuring thread, with a way to make it die or hang. */
export function saboteurUrl(): URL {
  if (!existsSync(builtCli)) throw new Error('dist/ is missing: run npm run build first');
  return new URL('./saboteur.mjs', import.meta.url);
}

type Sabotage =
  | { readonly act: 'exit'; readonly code: number }
  | { readonly act: 'throw'; readonly message: string }
  | { readonly act: 'block'; readonly ms: number }
  /** Hangs in native code until somebody opens the other end of the pipe; nothing can end the thread before. */
  | { readonly act: 'open'; readonly pipe: string };

/** Resolves when the thread has begun to do it. */
export async function sabotage(act: Sabotage): Promise<void> {
  const channel = new BroadcastChannel('saboteur');
  await new Promise<void>((resolve) => {
    channel.onmessage = () => resolve();
    channel.postMessage(act);
  });
  channel.close();
}

/** How many measuring threads answer. */
export async function rollCall(): Promise<number> {
  const channel = new BroadcastChannel('saboteur');
  let answers = 0;
  channel.onmessage = () => {
    answers += 1;
  };
  channel.postMessage({ act: 'nothing' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  channel.close();
  return answers;
}

/** A whole pack around these portals and workflows, as YAML. */
export function packYaml(portals: string, workflows: string): string {
  return `
teams: { platform: { title: Platform } }
objectives: { responsive: { title: Responsive, target: 99%, period: 30d } }
severities:
  critical: { severity: critical, respondWithin: 15m }
  high: { severity: critical, respondWithin: 30m }
  medium: { severity: warning, respondWithin: 2h }
  low: { severity: info, respondWithin: 8h }
portals:
${indent(portals)}
workflows:
${indent(workflows)}
`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

/** A workflow of one GET, as YAML. */
export function workflowYaml(name: string, extra = '', steps = '- { name: look, path: /look }'): string {
  return `${name}:
  title: ${name}
  team: platform
  tier: core
  sla: 500ms
  objective: responsive
  ${extra}
  steps:
${steps.replaceAll(/^(?=.)/gm, '    ')}
`;
}

export function writePack(yaml: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'kop-test-')), 'pack.yaml');
  writeFileSync(path, yaml);
  return path;
}

interface TestProcessOptions {
  readonly silenceMs?: number;
  readonly isolationMs?: number;
  readonly maxRequests?: number;
  /** Used by several tests: whoever starts it stops it. */
  readonly isShared?: true;
}

/** The exporter in a whole process's worth of runtime: configuration, server, measuring thread. */
export class TestProcess {
  readonly running: RunningExporters;
  readonly logs: string[];
  readonly packFile: string;
  readonly url: string;

  private constructor(running: RunningExporters, logs: string[], packFile: string) {
    this.running = running;
    this.logs = logs;
    this.packFile = packFile;
    this.url = `http://127.0.0.1:${running.addresses[0]?.port}`;
  }

  static async start(yaml: string, options: TestProcessOptions = {}) {
    const logs: string[] = [];
    const packFile = writePack(yaml);
    const { silenceMs, isolationMs, maxRequests = 40 } = options;
    const thread = {
      url: saboteurUrl(),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      ...(isolationMs === undefined ? {} : { isolationMs }),
    };
    const running = await runExporters({
      factories: [{ name: 'workflow-sla', create: (deps) => wireWorkflow(deps, thread) }],
      configFiles: [packFile],
      listenAddresses: [{ host: '127.0.0.1', port: 0 }],
      logLevel: 'debug',
      logFormat: 'logfmt',
      shard: wholeShard,
      maxRequests,
      drainMs: 2000,
      writeLog: (line) => logs.push(line),
    });
    if (options.isShared !== true) onTestFinished(() => running.stop());
    return new TestProcess(running, logs, packFile);
  }

  async get(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: Headers }> {
    const response = await fetch(this.url + path, { headers });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  async page(): Promise<Page> {
    return new Page((await this.get('/metrics')).text);
  }

  async reload(yaml: string): Promise<boolean> {
    writeFileSync(this.packFile, yaml);
    return (await this.running.reload()).ok;
  }
}

/** A page of metrics, to be asked for single series. */
export class Page {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of a series, or undefined where there is none. */
  value(series: string): number | undefined {
    const line = this.text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** How many samples have a name that begins so. */
  count(prefix: string): number {
    return this.text.split('\n').filter((line) => line.startsWith(prefix)).length;
  }

  /** Whether the exporter's collector delivered. */
  get delivered(): number | undefined {
    return this.value('kop_collector_success{collector="workflow-sla"}');
  }
}
