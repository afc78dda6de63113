import { styleText } from 'node:util';
import { Command } from 'commander';
import { kopCall } from '../exporters/runtime/call.js';
import { secretFileRemarks } from '../exporters/runtime/secrets.js';
import { countsOf } from '../pack/domains.js';
import {
  excerpt,
  formatProblem,
  hangsWithRoom,
  InvalidPack,
  loadPack,
  type Pack,
  type Problem,
} from '../pack/index.js';
import { readBounded, UnreadableFile } from '../pack/reading/bounded-file.js';

const MAX_SHOWN_BYTES = 4 * 1024 * 1024;

interface CheckOptions {
  readonly json?: boolean;
  readonly skipSecrets?: boolean;
}

const examples = `
Examples:
  $ kop check                              the description that the pack ships
  $ kop check pack.yaml mine.yaml          two files as one; where both speak, the later one wins
  $ kop check pack.yaml mine.yaml          in mine.yaml, workflows: { search: null } removes one entry of pack.yaml,
                                           and extends: none starts from nothing
  $ kop check /etc/kop/pack.d              all *.yaml and *.yml files of a folder, by name
  $ kop check --skip-secrets pack.yaml     on a machine that does not have the secrets, such as in CI
  $ kop check --json pack.yaml             for programs

Exit codes:
  0  the description is valid
  1  it has problems; each is printed with its file, line and key
  2  the check could not be made, for example because a file is missing`;

/** `kop check`: validates a description and changes nothing. */
export function checkCommand(): Command {
  return new Command('check')
    .summary('validate a description (pack.yaml)')
    .description('Validates a description: every file, key, unit, name and reference. Changes nothing.')
    .argument('[paths...]', 'files, and folders of *.yaml files; merged in this order (default: the shipped pack.yaml)')
    .option('--json', 'print JSON for programs')
    .option('--skip-secrets', 'do not look whether the variables and files that hold the secrets are there')
    .addHelpText('after', examples)
    .action((paths: string[], options: CheckOptions) => {
      process.exitCode = check(paths, options);
    });
}

function check(paths: readonly string[], options: CheckOptions): number {
  try {
    const pack = loadPack(paths, { requireSecrets: options.skipSecrets !== true, allowUnconnected: true });
    print(options.json ? toJson({ valid: true, ...facts(pack, options), problems: [] }) : summary(pack, options));
    return 0;
  } catch (error) {
    if (!(error instanceof InvalidPack)) {
      throw error;
    }
    const { problems } = error;
    print(options.json ? toJson({ valid: false, problems }) : report(problems));
    return problems.some((problem) => problem.unreadable) ? 2 : 1;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function toJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

function facts(pack: Pack, { skipSecrets }: CheckOptions) {
  return {
    files: pack.source.files,
    namedFiles: pack.source.files.length - pack.source.described.length,
    removed: pack.source.removed,
    sha256: pack.source.sha256,
    counts: {
      portals: pack.portals.length,
      steps: pack.workflows.reduce((sum, workflow) => sum + workflow.steps.length, 0),
      objectives: pack.objectives.length,
      calendars: pack.calendars.length,
      teams: pack.teams.length,
      burnAlerts: pack.alerting.burn.length,
      ...Object.fromEntries(countsOf(pack).map(({ key, count }) => [key, count])),
    },
    unconnected: pack.source.unconnected,
    inFlight: pack.portals.map(({ name, limits: { maxInFlight } }) => ({
      portal: name,
      maxInFlight,
      hangsWithRoom: hangsWithRoom(maxInFlight),
    })),
    warnings: [...pack.source.warnings, ...(skipSecrets === true ? [] : secretFileRemarks(pack))],
  };
}

function summary(pack: Pack, options: CheckOptions): string {
  const { namedFiles, removed, counts, unconnected, inFlight, warnings } = facts(pack, options);
  const lines = [
    `${colour('green', 'valid')}  ${pack.source.described.join(', ')}${namedFiles === 0 ? '' : ` and ${counted(namedFiles, 'file')} named there`}`,
    [
      counted(counts.portals, 'portal'),
      ...countsOf(pack)
        .filter(({ count }) => count > 0)
        .map(({ count, noun, nouns }) => counted(count, noun, nouns)),
      counted(counts.steps, 'step'),
      counted(counts.objectives, 'objective'),
      counted(counts.calendars, 'calendar'),
      counted(counts.teams, 'team'),
      counted(counts.burnAlerts, 'burn alert'),
    ].join(', '),
    ...(removed.length === 0 ? [] : [`Removed by a later file: ${removed.join(', ')}.`]),
    ...inFlight.map(
      ({ portal, maxInFlight, hangsWithRoom: hanging }) =>
        `Portal ${portal}: ${counted(maxInFlight, 'request')} at once; while ${counted(hanging, 'workflow')} ${hanging === 1 ? 'hangs' : 'hang'}, the others are ` +
        'measured all the same. Each further one needs a higher limits.maxInFlight.',
    ),
    ...warnings.map((warning) => `${colour('bold', 'warning')}  ${warning}`),
    ...(options.skipSecrets
      ? ['Secrets were not looked for.']
      : unconnected.map(
          ({ what, variables, meanwhile }) =>
            `${what} is not connected: ${variables.join(', ')} is not set. Until it is, ${meanwhile}.`,
        )),
    `Run ${kopCall()} build to write alert rules and dashboards from it.`,
  ];
  return lines.join('\n');
}

function report(problems: readonly Problem[]): string {
  const hint = problems.some((problem) => problem.secretMissing)
    ? [`Where the secrets are not at hand, ${kopCall()} check --skip-secrets checks the rest.`]
    : [];
  return [...problems.flatMap(explain), '', ...hint, colour('bold', closing(problems))].join('\n');
}

function closing(problems: readonly Problem[]): string {
  if (problems.some((problem) => problem.unreadable)) {
    return `The check could not be made. Name files and folders that can be read, and run ${kopCall()} check again.`;
  }
  const toDo = problems.every((problem) => problem.secretMissing) ? 'Provide the secrets' : 'Change the lines above';
  return `${counted(problems.length, 'problem')}. ${toDo} and run ${kopCall()} check again.`;
}

function explain(problem: Problem): string[] {
  const shown = problem.line > 0 ? excerpt(problem, textOf(problem.file)) : undefined;
  const message = colour('red', formatProblem(problem));
  if (shown === undefined) {
    return [message];
  }
  const number = String(shown.line).padStart(5);
  return [message, `${number} | ${shown.text}`, `${' '.repeat(5)} | ${' '.repeat(shown.caret)}${colour('red', '^')}`];
}

const texts = new Map<string, string>();

/** Read once: a pipe can be read only once, and then there is no excerpt. */
function textOf(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  let text = '';
  try {
    text = readBounded(file, MAX_SHOWN_BYTES).bytes.toString('utf8');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
  }
  texts.set(file, text);
  return text;
}

function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** styleText omits colours if the stream is not a terminal, or if NO_COLOR is set. */
function colour(style: 'red' | 'green' | 'bold', text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
