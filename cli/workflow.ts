import { existsSync, writeFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { formatMs } from '../exporters/runtime/format.js';
import { InvalidHar, importHar } from '../exporters/workflow/har/index.js';
import { type Job, workflowJobsOf } from '../exporters/workflow/plan.js';
import type { RunResult } from '../exporters/workflow/result.js';
import { missingSecrets, runNow } from '../exporters/workflow/run-now.js';
import { type Paint, type PaintRole, waterfall } from '../exporters/workflow/waterfall.js';
import { InvalidPack, loadPack, type Pack } from '../pack/index.js';
import { duration } from '../pack/reading/schema/units.js';
import { suggest } from '../pack/reading/suggest.js';
import { configFileOption } from './config-file.js';
import { writing } from './writing.js';

const runExamples = `
Examples:
  $ kop workflow run client-list                             once, after one warm-up run
  $ kop workflow run client-list --portal staging --repeat 20
  $ kop workflow run client-list --json | jq '.runs[0].steps'

Exit codes:
  0  every run met its SLA
  1  a run missed it, or the measurement was disturbed
  2  cannot run: the message says why`;

const importExamples = `
Record the journey in a browser (developer tools, Network, "Save all as HAR"), then
  $ kop workflow import journey.har --name open-client --out open-client.yaml
  $ kop check pack.yaml open-client.yaml
  $ kop workflow run open-client --config.file pack.yaml --config.file open-client.yaml

Recordings of Playwright, mitmproxy, Charles, Fiddler, Insomnia and other tools that save HAR are read as well.

Passwords, cookies, tokens and every value that is not known to be harmless are not written: auth: takes the place of
the login, and references such as $\{env:KINGSTON_API_KEY} that of the others. Which variables to set is said, and so is
what was kept: words, dates and numbers, such as a search term. Read them before you share the result.

Exit codes:
  0  the workflow was written
  2  cannot import: the message says why`;

/** `kop workflow`: runs one journey now, or creates one from a browser recording. */
export function workflowCommand(): Command {
  return new Command('workflow')
    .summary('run one workflow now, or make one of a browser recording')
    .description('Runs one workflow now, or makes one of a browser recording.')
    .addCommand(runCommand())
    .addCommand(importCommand());
}

interface RunOptions {
  readonly portal?: string;
  readonly 'config.file': readonly string[];
  readonly timeout: number;
  readonly repeat: number;
  readonly warmUp: number;
  readonly json?: true;
}

function runCommand(): Command {
  return new Command('run')
    .summary('run one workflow now and show where its time went')
    .description('Runs one workflow now, in this process, and shows where its time went.')
    .argument('<name>', 'workflow to run')
    .option('--portal <name>', 'portal to run it on, where it runs on several')
    .addOption(configFileOption())
    .option('--timeout <duration>', 'longest wait for a run, logins included', milliseconds, 30_000)
    .option('--repeat <count>', 'run it so many times, one after the other', wholeNumber(1, 1000), 1)
    .option('--warm-up <count>', 'runs before the first that is shown', wholeNumber(0, 100), 1)
    .option('--json', 'print JSON for programs')
    .addHelpText('after', runExamples)
    .action((name: string, options: RunOptions) => ending(() => run(name, options)));
}

async function run(name: string, options: RunOptions): Promise<number> {
  // Only the secrets of this job are needed.
  const job = chosenJob(loadPack(options['config.file'], { requireSecrets: false }), name, options.portal);
  const missing = missingSecrets(job);
  if (missing.length > 0) throw new CannotRun(missing.join('\n'));
  const results = await runNow(job, {
    repeat: options.repeat,
    warmupRuns: options.warmUp,
    timeoutMs: options.timeout,
    onResult: (result) => {
      if (options.repeat > 1 && options.json !== true) print(runLine(result));
    },
  });
  if (options.json === true) print(JSON.stringify({ workflow: name, portal: job.portal.name, runs: results }, null, 2));
  else print(report(results, options.repeat));
  return results.length === options.repeat && results.every(({ verdict }) => verdict === 'met') ? 0 : 1;
}

function chosenJob(pack: Pack, name: string, portal: string | undefined): Job {
  const jobs = workflowJobsOf(pack);
  const candidates = jobs.filter(({ workflow }) => workflow.name === name);
  if (candidates.length === 0) {
    throw new CannotRun(unknown('workflow', name, [...new Set(jobs.map(({ workflow }) => workflow.name))]));
  }
  const portals = candidates.map((job) => job.portal.name);
  const job = candidates.find((candidate) => portal === undefined || candidate.portal.name === portal);
  if (job === undefined) throw new CannotRun(unknown(`portal of workflow ${name}`, portal ?? '', portals));
  if (portal === undefined && portals.length > 1) {
    throw new CannotRun(`workflow ${name} runs on ${portals.join(' and ')}; say which with --portal`);
  }
  return job;
}

function unknown(noun: string, written: string, known: readonly string[]): string {
  const meant = suggest(written, known);
  const hint = meant === undefined ? `there are ${known.join(', ') || 'none'}` : `did you mean '${meant}'?`;
  return `there is no ${noun} '${written}'; ${hint}`;
}

function runLine(result: RunResult): string {
  const failed = result.steps.find(({ outcome }) => outcome === 'failed');
  const why = failed === undefined ? '' : `   ${failed.name}: ${failed.reason}: ${failed.detail}`;
  const role = ({ met: 'good', missed: 'bad', uncertain: 'warn' } as const)[result.verdict];
  const time = formatMs(result.durationSeconds * 1000).padStart(9);
  return `${time}   ${paint(result.verdict.padEnd(9), role)}${paint(why, 'dim')}`.trimEnd();
}

function report(results: readonly RunResult[], asked: number): string {
  const worst = results.toSorted((a, b) => badness(b) - badness(a) || b.durationSeconds - a.durationSeconds)[0];
  if (worst === undefined) return 'no run ended';
  const picture = waterfall(worst, { width: process.stdout.columns ?? 100, paint });
  if (asked === 1) return picture.trimEnd();
  const sorted = results.map(({ durationSeconds }) => durationSeconds * 1000).toSorted((a, b) => a - b);
  const at = (share: number) => formatMs(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  const met = results.filter(({ verdict }) => verdict === 'met').length;
  const stopped = results.length < asked ? `; stopped after ${results.length} of ${asked}, because one failed` : '';
  return [
    '',
    `${met} of ${results.length} met the SLA; least ${at(0)}, median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}${stopped}`,
    '',
    paint('The worst of them:', 'dim'),
    picture.trimEnd(),
  ].join('\n');
}

function badness({ verdict }: RunResult): number {
  return { met: 0, uncertain: 1, missed: 2 }[verdict];
}

interface ImportOptions {
  readonly name?: string;
  readonly portal?: string;
  readonly baseUrl?: string;
  readonly 'config.file': readonly string[];
  readonly out?: string;
  readonly json?: true;
}

function importCommand(): Command {
  return new Command('import')
    .summary('make a workflow of a recording (HAR)')
    .description('Makes a workflow of a recording (HAR 1.2) of a browser, a proxy or a test tool.')
    .argument('<file>', 'the recording')
    .option('--name <name>', 'name of the workflow (default: that of the file)')
    .option('--portal <name>', 'portal that was recorded (default: the one whose address is in the recording)')
    .option('--base-url <url>', 'address under which the portal was recorded, where it is another than in the pack')
    .addOption(configFileOption())
    .option('--out <file>', 'file to write (default: standard output)')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', importExamples)
    .action((file: string, options: ImportOptions) => ending(() => importRecording(file, options)));
}

async function importRecording(file: string, options: ImportOptions): Promise<number> {
  const { name, portal, baseUrl, out, json } = options;
  if (out !== undefined && existsSync(out)) throw new CannotRun(`${out} exists; remove it, or choose another --out`);
  const imported = importHar(file, {
    pack: loadPack(options['config.file'], { requireSecrets: false }),
    ...(name === undefined ? {} : { name }),
    ...(portal === undefined ? {} : { portal }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
  if (out !== undefined) await writing(out, '--out', () => writeFileSync(out, imported.yaml, { flag: 'wx' }));
  if (json === true) print(JSON.stringify({ ...imported, ...(out === undefined ? {} : { out }) }, null, 2));
  else {
    if (out === undefined) print(imported.yaml.trimEnd());
    // If the workflow is written to standard output, messages about it go to standard error.
    (out === undefined ? process.stderr : process.stdout).write(`${imported.summary.join('\n')}\n`);
  }
  return 0;
}

/** An error that the operator can fix; the message is complete. */
class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

async function ending(action: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    if (!(error instanceof CannotRun || error instanceof InvalidPack || error instanceof InvalidHar)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

type Style = 'magenta' | 'yellow' | 'blue' | 'gray' | 'cyan' | 'green' | 'red' | 'bold';

const styles: Readonly<Record<PaintRole, readonly Style[]>> = {
  dns: ['magenta'],
  connect: ['yellow'],
  tls: ['blue'],
  send: ['gray'],
  wait: ['cyan'],
  receive: ['green'],
  good: ['green', 'bold'],
  bad: ['red', 'bold'],
  warn: ['yellow', 'bold'],
  dim: ['gray'],
  bold: ['bold'],
};

/**
 * styleText omits colours if the stream is not a terminal, or if NO_COLOR is set. One style at a time: with a list,
 * styleText of Node 20 does not check the stream.
 */
const paint: Paint = (text, role) =>
  text === ''
    ? ''
    : styles[role].reduce((painted, style) => styleText(style, painted, { stream: process.stdout }), text);

function milliseconds(text: string): number {
  const parsed = duration().safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('Expected a duration such as 30s.');
  return parsed.data;
}

function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}
