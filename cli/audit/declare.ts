import { Command, InvalidArgumentError } from 'commander';
import { type Declaration, declare, orphanedStates } from '../../exporters/audit-trail/index.js';
import { print, printJson } from '../terminal.js';
import { asVerb } from './operators-matter.js';
import { noExporterText, type StateOptions, trailState, withStateDirectory } from './state.js';
import { allTrails, CannotRun, chosenTrail, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions, StateOptions {
  readonly reason: string;
  readonly by: string;
  readonly json?: true;
}

interface BaselineOptions extends Options {
  readonly orphaned?: string;
}

interface MaintenanceOptions extends Options {
  readonly from?: Date;
  readonly until: Date;
}

const baselineExamples = `
Ends the alarm about faults that a person has investigated. What was found stays in the metrics and in the log; the tables
are unknown until a whole comparison finds nothing more. Counters, trusted functions, the order of ids and the oldest record
to keep are of the whole trail: only a baseline that names no table acknowledges those. It is written down who declared it
and why.

Examples:
  $ kop audit baseline public.client_groups --by 'E. Hart' --reason 'INC-212: trigger off in migration 41, rows checked by hand'
  $ kop audit baseline --by 'E. Hart' --reason 'restored from backup of 3 March'      every table

Exit codes: 0 declared, 2 not declared: the message says why`;

const maintenanceExamples = `
What changes in this time without a record is explained by the maintenance, and a baseline follows by itself at its end.
Declare it beforehand: an explanation that comes afterwards is a baseline.

Examples:
  $ kop audit maintenance public.portfolios --until 2026-03-01T18:00Z --by 'E. Hart' --reason 'migration 42'
  $ kop audit maintenance --from 2026-03-01T17:00Z --until 2026-03-01T18:00Z --by 'E. Hart' --reason 'restore test'

Exit codes: 0 declared, 2 not declared: the message says why`;

/** `kop audit baseline`: a person has investigated it. */
export function baselineCommand(): Command {
  return common(new Command('baseline'))
    .summary('acknowledge faults that were investigated')
    .description('Declares that what is there now was investigated, and is the baseline from here on.')
    .option('--orphaned <name>', 'of a trail that is not described any more, by the name that it had')
    .addHelpText('after', baselineExamples)
    .action((tables: string[], options: BaselineOptions) =>
      asVerb(() => {
        const declaration: Declaration = { kind: 'baseline', ...head(tables, options) };
        return options.orphaned === undefined
          ? write(options, declaration)
          : writeOrphaned(options, options.orphaned, declaration);
      }),
    );
}

/** `kop audit maintenance`: announces planned work. */
export function maintenanceCommand(): Command {
  return common(new Command('maintenance'))
    .summary('announce changes that will have no records')
    .description('Declares that changes without a record are expected for a time.')
    .option('--from <moment>', 'ISO 8601, with its offset or Z (default: now)', moment)
    .requiredOption('--until <moment>', 'ISO 8601, with its offset or Z', moment)
    .addHelpText('after', maintenanceExamples)
    .action((tables: string[], options: MaintenanceOptions) =>
      asVerb(() => {
        const { from = new Date(), until } = options;
        if (until <= from) throw new CannotRun('it would end before it begins');
        const period = { from: from.toISOString(), until: until.toISOString() };
        return write(options, { kind: 'maintenance', ...head(tables, options), ...period });
      }),
    );
}

function common(command: Command): Command {
  return withStateDirectory(withTrailOptions(command.argument('[tables...]', 'as schema.table (default: all)', table)))
    .requiredOption('--reason <text>', 'why; an auditor will read it', filled)
    .requiredOption('--by <name>', 'who answers for it', filled)
    .option('--json', 'print JSON for programs');
}

function head(tables: readonly string[], { reason, by }: Options) {
  return { ...(tables.length === 0 ? {} : { tables: [...tables] }), reason, by, at: new Date().toISOString() };
}

async function write(options: Options, declaration: Declaration): Promise<number> {
  const trail = chosenTrail(options);
  const state = await trailState(options, trail.name);
  // A declaration that no exporter reads would seem to be in force.
  if (state.exporter === undefined && !state.isKnown) {
    throw new CannotRun(`not declared: ${noExporterText(trail.name, state)}`);
  }
  await declare(state.folder, trail.name, declaration);
  if (options.json === true) printJson(declaration);
  else {
    const what = declaration.tables?.join(', ') ?? 'every table';
    const when =
      state.exporter === undefined
        ? 'No exporter runs on that directory now; it takes it up when it starts.'
        : `The exporter (process ${state.exporter.pid}) takes it up at its next poll.`;
    print([`Declared for ${what} of trail ${trail.name}, in ${state.place}. ${when}`]);
  }
  return 0;
}

/** Only for a state that is there and that no described trail has: any other name would be a mistake that nobody sees. */
async function writeOrphaned(options: Options, name: string, declaration: Declaration): Promise<number> {
  if (declaration.tables !== undefined) throw new CannotRun('--orphaned is of a whole trail; name no table with it');
  const state = await trailState(options, name);
  const described = new Set(allTrails(options).map((trail) => trail.name));
  const orphans = await orphanedStates(state.folder, described);
  if (!orphans.some(({ trail }) => trail === name)) {
    const known = orphans.map(({ trail }) => trail).join(', ');
    const there = known === '' ? 'there is none' : `there is ${known}`;
    throw new CannotRun(`not declared: ${state.place} holds no orphaned state of a trail ${name}; ${there}`);
  }
  await declare(state.folder, name, declaration);
  if (options.json === true) printJson(declaration);
  else print([`Declared for the state of trail ${name}, in ${state.place}.`]);
  return 0;
}

function table(name: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^\s.]+\.[^\s.]+$/.test(name)) throw new InvalidArgumentError('Expected a table as schema.table.');
  return [...before, name];
}

function filled(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a text.');
  return text;
}

function moment(text: string): Date {
  const at = new Date(text);
  if (!/(Z|[+-]\d\d:?\d\d)$/.test(text) || Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError('Expected a moment such as 2026-03-01T18:00Z or 2026-03-01T18:00+01:00.');
  }
  return at;
}
