import { Command, InvalidArgumentError } from 'commander';
import { type Explanation, explain, NotInScope } from '../../exporters/audit-trail/index.js';
import { suggest } from '../../pack/reading/suggest.js';
import { interruptible } from '../interrupt.js';
import { columns, counted, paint, paragraph, print, printJson } from '../terminal.js';
import { asVerb } from './operators-matter.js';
import { type StateOptions, trailState, withStateDirectory } from './state.js';
import { CannotRun, chosenTrail, requireConnection, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions, StateOptions {
  readonly showKeys?: true;
  readonly limit: number;
  readonly json?: true;
}

const LIMIT = 100;

const examples = `
Compares the whole table with its whole history, now; on a large table that takes its time. Ctrl-C ends it.
Row keys are shown as hashes, the same hash for the same row, so that two people can speak of a row without naming it.

Examples:
  $ kop audit explain public.client_groups
  $ kop audit explain client_groups --show-keys     by somebody who may see row keys

Exit codes: 0 nothing is wrong with it, 1 something is; it is listed, 2 it cannot be checked`;

/** `kop audit explain`: which equality broke, and at which rows. */
export function explainCommand(): Command {
  return withStateDirectory(withTrailOptions(new Command('explain').argument('<table>', 'table as schema.table')))
    .summary('why a table is not proven: which equality broke, at which rows')
    .description('Says why a table is what it is: which equality broke, which rows have no record or a wrong one.')
    .option('--show-keys', 'show row keys in place of their hashes')
    .option('--limit <count>', 'list this many findings at the most', wholeNumber, LIMIT)
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((table: string, options: Options) => asVerb(() => run(table, options)));
}

async function run(given: string, options: Options): Promise<number> {
  const trail = chosenTrail(options);
  requireConnection(trail);
  const { limit } = options;
  const { folder: stateDirectory } = await trailState(options, trail.name);
  const table = given.includes('.') ? given : `${trail.scope.schemas[0] ?? 'public'}.${given}`;
  const explanation = await interruptible((signal) =>
    explain(trail, table, { stateDirectory, signal, limit, showKeys: options.showKeys === true }),
  ).catch((error: unknown) => {
    throw error instanceof NotInScope ? new CannotRun(notInScope(error)) : error;
  });
  if (options.json === true) printJson(explanation);
  else print(lines(explanation, options.showKeys === true));
  return isFine(explanation) ? 0 : 1;
}

function isFine({ state, findings, equalities, problems }: Explanation): boolean {
  return (state === 'ok' || state === 'explained') && findings.length + equalities.length + problems.length === 0;
}

function notInScope({ table, tables, trail }: NotInScope): string {
  const meant = suggest(table, tables);
  const hint = meant === undefined ? `in scope are ${tables.join(', ') || 'no tables'}` : `did you mean '${meant}'?`;
  return `${table} is not in scope of trail ${trail}; ${hint}`;
}

const wording: Readonly<
  Record<Explanation['equalities'][number]['invariant'], readonly [above: string, below: string]>
> = {
  operations_calls: [
    'more rows changed than the audit trigger was called for',
    'more calls of the audit trigger than rows changed',
  ],
  calls_records: [
    'more calls of the audit trigger than records written',
    'more records than calls of the audit trigger: some were forged',
  ],
  records_sequence: ['more records than ids were given out: some were forged', 'fewer records than ids were given out'],
  records_mutated: ['audit records were updated or deleted', 'audit records were updated or deleted'],
};

function lines(explanation: Explanation, hasKeys: boolean): readonly string[] {
  const { table, state, reason, equalities, problems, findings, truncated, obstacle } = explanation;
  const style = state === 'ok' || state === 'explained' ? 'green' : state === 'confirmed' ? 'red' : 'yellow';
  return [
    `${paint('bold', table)}  ${paint(style, state)}`,
    ...paragraph(reason, 2),
    ...section(
      'Not recorded',
      problems.flatMap((text) => paragraph(text, 4, '  - ')),
    ),
    ...section(
      'Counters that must agree, over all tables of the trail',
      equalities.flatMap(({ invariant, residual }) =>
        paragraph(`${invariant} is off by ${residual}: ${wording[invariant][residual > 0 ? 0 : 1]}`, 4, '  - '),
      ),
    ),
    ...section(
      `Rows${hasKeys ? '' : ' (hashes; --show-keys shows their keys)'}`,
      findings.length === 0
        ? []
        : columns(
            ['ROW', 'FAULT', 'OPERATION', 'FOUND BY', 'WHAT'],
            findings.map(({ key, kind, operation, check, detail }) => [
              { text: key },
              { text: kind, style: 'red' },
              { text: operation },
              { text: check },
              { text: detail },
            ]),
          ),
    ),
    ...(truncated ? [`  There are more; --limit ${findings.length * 10} lists them.`] : []),
    ...(obstacle === undefined ? [] : ['', ...paragraph(`Rows could not be compared: ${obstacle}`, 2)]),
    '',
    findings.length === 0 && obstacle === undefined
      ? 'Every row is as its last record says, and every history is without a gap.'
      : `${counted(findings.length, 'row')} found.`,
  ];
}

function section(title: string, body: readonly string[]): readonly string[] {
  return body.length === 0 ? [] : ['', paint('bold', title), ...body];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999999.');
  return Number(text);
}
