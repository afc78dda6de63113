import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { defaultWebhookUrl, infeasible } from '../alert-rules/src/index.js';
import { kopCall } from '../exporters/runtime/call.js';
import { formatProblem, InvalidPack, loadPack, type Pack } from '../pack/index.js';
import { configFileOption } from './config-file.js';
import { type FileState, fileStateOf, generatedFiles, type Skipped, writeGenerated } from './generated-files.js';
import { writing } from './writing.js';

interface Options {
  readonly 'config.file': readonly string[];
  readonly out: string;
  readonly 'webhook.url': string;
  readonly check?: true;
  readonly json?: true;
}

interface Outcome {
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly state: FileState }[];
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly string[];
}

const help = `
Writes, below the output directory:
  alert-rules/prometheus/     rules for Prometheus, Thanos, Mimir and vmalert
  alert-rules/alertmanager/   routes and inhibitions; its comment says how to merge them into an existing tree
  alert-rules/tests/          unit tests of the rules: promtool test rules alert-rules/tests/*.yaml
  dashboards/json/            dashboards, for import and for provisioning alike
  dashboards/provisioning/    for Grafana's provisioning folder
  docs/*.md                   references: configuration, controls, metrics
  pack/*.schema.json          JSON Schemas of the description and of the files beside it, for editors

Files that are right already are not touched. Secrets are not needed.

Examples:
  kop build
      From the description that comes with the pack, into the working directory.
  kop build --config.file pack.yaml --config.file mine.yaml --out /etc/kop
      From two files as one, the later one winning.
  kop build --check
      In CI: have the generated files been committed?

Exit code: 0 fine, 1 --check found files that differ, 2 cannot run: the message says why
`;

/** `kop build`: writes the files that are generated from a description. */
export function buildCommand(): Command {
  return new Command('build')
    .summary('write alert rules and dashboards from a description (pack.yaml)')
    .description('Writes alert rules, routes, dashboards and references from a description.')
    .addOption(configFileOption())
    .option('--out <dir>', 'output directory', '.')
    .option('--webhook.url <url>', 'where the Alertmanager configuration sends notifications', defaultWebhookUrl)
    .option('--check', 'write nothing; say which files are missing or differ, and exit 1 if any do')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', help)
    .action(async (options: Options) => {
      process.exitCode = await build(options);
    });
}

async function build(options: Options): Promise<number> {
  const pack = described(options);
  if (pack === undefined) return 2;
  const { out } = options;
  const { files, skipped } = await generatedFiles(pack, out, {
    webhookUrl: options['webhook.url'].replace(/\/+$/, ''),
  });
  const isCheck = options.check === true;
  const judged = files
    .filter(({ isDerived }) => !isCheck || isDerived !== true)
    .map((file) => ({ file, state: fileStateOf(out, file) }));
  if (!isCheck) {
    for (const { file, state } of judged) {
      if (state !== 'unchanged') await writing(join(resolve(out), file.path), '--out', () => writeGenerated(out, file));
    }
  }
  const outcome: Outcome = {
    out,
    files: judged.map(({ file, state }) => ({ path: file.path, state })),
    skipped,
    warnings: infeasible(pack),
  };
  const text = options.json ? JSON.stringify(outcome, undefined, 2) : report(outcome, isCheck);
  process.stdout.write(`${text}\n`);
  return isCheck && drifted(outcome).length > 0 ? 1 : 0;
}

function described(options: Options): Pack | undefined {
  try {
    return loadPack(options['config.file'], { requireSecrets: false });
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    process.stderr.write(`${error.problems.map(formatProblem).join('\n')}\n`);
    return undefined;
  }
}

function drifted(outcome: Outcome): Outcome['files'] {
  return outcome.files.filter(({ state }) => state !== 'unchanged');
}

function report(outcome: Outcome, isCheck: boolean): string {
  const differing = drifted(outcome);
  const word: Record<FileState, string> = isCheck
    ? { new: 'missing', changed: 'differs', unchanged: 'same' }
    : { new: 'new', changed: 'changed', unchanged: 'same' };
  const rest = outcome.files.length - differing.length;
  return [
    ...outcome.warnings.map((warning) => `warning: ${warning}`),
    ...differing.map(({ path, state }) => `${word[state].padEnd(8)} ${path}`),
    ...outcome.skipped.map(({ path, reason }) => `skipped  ${path}: ${reason}`),
    ...(isCheck && outcome.files.every(({ state }) => state === 'new') ? [nothingHere(outcome.out)] : []),
    closing(differing.length, rest, isCheck),
  ].join('\n');
}

/** If all files are missing, the check probably runs in the wrong directory. */
function nothingHere(out: string): string {
  return `Nothing generated is in ${resolve(out)}. Say with --out where it is, or change to that folder.`;
}

function closing(differing: number, rest: number, isCheck: boolean): string {
  if (!isCheck) return `${differing} written, ${rest} right already.`;
  if (differing === 0) return `All ${rest} generated files are up to date.`;
  return `${differing} of ${differing + rest} generated files are not up to date. Run ${kopCall()} build and commit the result.`;
}
