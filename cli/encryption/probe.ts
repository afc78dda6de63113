import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { formatSeconds } from '../../exporters/encryption/probe/percentiles.js';
import { canaryFileOf, type ProbeJob, probeJobsOf } from '../../exporters/encryption/probe/plan.js';
import { missingSecret, type ProviderReport, probeNow } from '../../exporters/encryption/probe/run-now.js';
import { ENCRYPTION } from '../../exporters/encryption/source.js';
import { Redactor } from '../../exporters/runtime/redactor.js';
import { InvalidPack, loadPack } from '../../pack/index.js';
import { suggest } from '../../pack/reading/suggest.js';
import { configFileOption } from '../config-file.js';
import { exporterState, type StateLocation, StateUnclear } from '../exporter-state.js';

interface Options {
  readonly 'config.file': readonly string[];
  readonly portal?: string;
  readonly samples: number;
  readonly stateDirectory?: string;
  readonly json?: true;
}

const SAMPLES = 200;

const examples = `
Only canary keys are used, and nothing is kept but that a token refused a PIN.

Examples:
  $ kop encryption probe                          every provider that the configuration describes
  $ kop encryption probe vault --samples 1000
  $ kop encryption probe vault --json | jq '.[0].timings'

Exit codes:
  0  the 99th percentiles keep the promise, nothing failed, and no self-test did
  1  something is not as promised: too slow, failed, or a self-test did
  2  neither of these, and a part is unknown ("not known" says which and why: the machine was too busy, a fault of
     the exporter, a record of aged canaries that was lost); or it cannot run, and the message says why`;

/** `kop encryption probe`: measures providers now and compares them with their SLA. */
export function encryptionProbeCommand(): Command {
  return new Command('probe')
    .summary('measure encryption providers now, and test that they do what they are for')
    .description('Measures encryption providers now, on canary keys, and tests that they do what they are for.')
    .argument('[provider]', 'which one (default: all)')
    .addOption(configFileOption())
    .option('--portal <name>', 'only the providers of this portal')
    .option('--samples <count>', 'encryptions and decryptions of each size', wholeNumber, SAMPLES)
    .option(
      '--state-directory <folder>',
      "where aged canaries are kept (default: KOP_STATE_DIRECTORY, else the exporter's that runs here)",
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action(async (provider: string | undefined, options: Options) => {
      process.exitCode = await probe(provider, options);
    });
}

async function probe(provider: string | undefined, options: Options): Promise<number> {
  let jobs: readonly ProbeJob[];
  let state: StateLocation;
  try {
    jobs = chosen(provider, options);
    state = await exporterState({
      exporter: ENCRYPTION,
      configFiles: options['config.file'],
      given: options.stateDirectory,
    });
    process.stderr.write(`Aged canaries are those in ${state.place}.\n`);
  } catch (error) {
    if (!(error instanceof InvalidPack || error instanceof CannotProbe || error instanceof StateUnclear)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const reports: ProviderReport[] = [];
  for (const job of jobs) {
    const canaryFile = canaryFileOf(state.folder, job);
    const report = await probeNow({ ...job, canaryFile, keepsCanaries: false }, options.samples, new Redactor());
    reports.push(report);
    if (options.json !== true) process.stdout.write(`${reports.length > 1 ? '\n' : ''}${shown(report)}\n`);
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify(reports, undefined, 2)}\n`);
  const verdicts = reports.map(({ verdict }) => verdict);
  if (verdicts.includes('missed')) return 1;
  return verdicts.includes('unknown') ? 2 : 0;
}

class CannotProbe extends Error {}

function chosen(provider: string | undefined, options: Options): readonly ProbeJob[] {
  // To measure one provider, the secrets of the others are not needed.
  const all = probeJobsOf(loadPack(options['config.file'], { requireSecrets: false }));
  const ofPortal = all.filter(({ portal }) => options.portal === undefined || portal.name === options.portal);
  const jobs = ofPortal.filter((job) => provider === undefined || job.provider.name === provider);
  if (jobs.length === 0) throw new CannotProbe(nothingFound(provider, options.portal, all));
  for (const job of jobs) {
    const missing =
      missingSecret(job.provider) ?? (job.provider.kind === 'endpoint' ? missingSecret(job.portal) : undefined);
    if (missing !== undefined) throw new CannotProbe(`${job.provider.name}: ${missing}`);
  }
  return jobs;
}

function nothingFound(provider: string | undefined, portal: string | undefined, all: readonly ProbeJob[]): string {
  if (all.length === 0) return 'the configuration describes no encryption provider; add one under encryption';
  const names = [...new Set(all.map((job) => job.provider.name))];
  const where = portal === undefined ? '' : ` of the portal '${portal}'`;
  if (provider === undefined) return `there is no encryption provider${where}`;
  const meant = suggest(provider, names);
  const hint = meant === undefined || meant === provider ? `there are ${names.join(', ')}` : `did you mean '${meant}'?`;
  return `there is no encryption provider '${provider}'${where}; ${hint}`;
}

function shown(report: ProviderReport): string {
  const title = styleText('bold', `${report.provider} (${report.kind}) of ${report.portal}`, {
    stream: process.stdout,
  });
  const state = report.isUsable ? [] : [colour('red', unusable(report))];
  const failures = report.failures.map(({ operation, reason, count }) =>
    colour('red', `${operation} failed: ${reason} (${count}×)`),
  );
  const timings = report.timings.length === 0 ? [] : ['', ...timingTable(report)];
  const unknown = report.unknown.length === 0 ? [] : ['', ...report.unknown.map((why) => `not known: ${why}`)];
  const tests = report.selfTests.length === 0 ? [] : ['', ...report.selfTests.map(testLine)];
  return [title, ...state, ...failures, ...timings, ...tests, ...unknown].join('\n');
}

function unusable({ fault, problem = 'unknown' }: ProviderReport): string {
  return fault === undefined ? `cannot be used: ${problem}` : `cannot be asked, by a fault of ours: ${problem}`;
}

function timingTable({ timings }: ProviderReport): string[] {
  const head = ['operation', 'size', 'data key', 'samples', 'p50', 'p95', 'p99', 'max', 'promise', ''];
  const rows = timings.map((timing) => [
    timing.operation,
    timing.size,
    timing.keyTemperature,
    `${timing.count}${timing.tainted > 0 ? ` (+${timing.tainted} disturbed)` : ''}`,
    ...[timing.p50, timing.p95, timing.p99, timing.max, timing.target].map((one) =>
      one === undefined ? '-' : formatSeconds(one),
    ),
    timing.verdict,
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    colour('dim', line(head)),
    ...rows.map((row) => (row.at(-1) === 'missed' ? colour('red', line(row)) : line(row))),
  ];
}

function testLine({ test, outcome, why }: ProviderReport['selfTests'][number]): string {
  const marks = { passed: colour('green', '✓'), failed: colour('red', '✗'), absent: colour('dim', '·'), unknown: '?' };
  return `${marks[outcome]} ${test}${why === '' ? '' : `: ${{ passed: '', failed: '', absent: 'not made: ', unknown: 'not known: ' }[outcome]}${why}`}`;
}

/** styleText omits colours if the stream is not a terminal, or if NO_COLOR is set. */
function colour(style: 'red' | 'green' | 'dim', text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 100_000) {
    throw new InvalidArgumentError('Expected a whole number from 1 to 100000.');
  }
  return value;
}
