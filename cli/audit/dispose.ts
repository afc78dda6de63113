import { Command, InvalidArgumentError } from 'commander';
import {
  type Choice,
  type DisposalPlan,
  dispose,
  planDisposal,
} from '../../exporters/audit-trail/inspect/disposing.js';
import { openForReading } from '../../exporters/audit-trail/inspect/seal-view.js';
import { counted, paragraph, print, printJson } from '../terminal.js';
import { asVerb } from './operators-matter.js';
import { moment } from './status-text.js';
import { CannotRun, sealedTrail, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions {
  readonly before?: Date;
  readonly entries?: { readonly first: number; readonly last: number };
  readonly reason: string;
  readonly by: string;
  readonly despiteRetention?: true;
  readonly yes?: true;
  readonly json?: true;
}

const examples = `
Records, signed, that the rows under these checkpoints may lawfully be gone. Their roots and counts stay in the log, their
leaf hashes and row keys are removed. It does not delete a single row: whoever may, does that afterwards, and whatever is
deleted without such a statement is found by the next verification. Stop the exporter first: one at a time may write.
When it runs again, it reads the statement and takes these records, and no others, as lawfully gone.

Examples:
  $ kop audit dispose --before 2019-04-06 --reason 'retention schedule 3.1, seven years' --by 'E. Hart'
      Says what would be disposed of, and changes nothing.
  $ kop audit dispose --before 2019-04-06 --reason 'retention schedule 3.1, seven years' --by 'E. Hart' --yes
  $ kop audit dispose --entries 12..40 --despite-retention --reason 'court order 2026/17' --by 'E. Hart' --yes

Exit codes: 0 done, or shown what would be done, 1 there is nothing to dispose of, 2 refused: the message says why`;

/** `kop audit dispose`: a signed statement, never a deletion. */
export function disposeCommand(): Command {
  return withTrailOptions(new Command('dispose'))
    .summary('state, signed, that sealed records were lawfully disposed of')
    .description('States, signed, that the records under some checkpoints are lawfully disposed of.')
    .option('--before <day>', 'all that was sealed before this day, as 2019-04-06, in UTC', day)
    .option('--entries <first..last>', 'these entries of the log', range)
    .requiredOption('--reason <text>', 'the rule or order that allows it; it becomes part of the log')
    .requiredOption('--by <name>', 'who answers for it; it becomes part of the log')
    .option('--despite-retention', 'although the configuration promises to keep some of them for longer')
    .option('--yes', 'do it; without it, only say what would be done')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => asVerb(() => run(options)));
}

async function run(options: Options): Promise<number> {
  const trail = sealedTrail(options);
  const { seal, retention } = trail;
  const store = await openForReading(seal.directory, seal.origin);
  const plan = await planDisposal(store, choiceOf(options, store.index.length), trail, new Date());
  if (plan === undefined) {
    print(options.json === true ? ['null'] : ['Nothing that old is sealed and not yet disposed of.']);
    return 1;
  }
  if (plan.isTooEarly && options.despiteRetention !== true) {
    throw new CannotRun(
      `${entriesOf(plan)} were sealed until ${moment(plan.until)}, and retention.keep promises to keep ` +
        `records for ${retention.keepDays} days; an order that overrides it is named with --despite-retention and --reason`,
    );
  }
  if (options.yes === true) {
    const { reason, by } = options;
    await dispose(seal, plan.ranges, { reason, by }, new Date()).catch((error: unknown) => {
      throw error instanceof RangeError ? new CannotRun(error.message) : error;
    });
  }
  if (options.json === true) printJson({ ...plan, done: options.yes === true });
  else print(lines(plan, options.yes === true));
  return 0;
}

function entriesOf({ ranges }: DisposalPlan): string {
  return `entries ${ranges.map(({ first, last }) => `${first} to ${last}`).join(', ')}`;
}

function lines(plan: DisposalPlan, isDone: boolean): readonly string[] {
  const { records, from, until } = plan;
  const what = `${counted(records, 'record')} under ${entriesOf(plan)}, sealed from ${moment(from)} to ${moment(until)}`;
  return isDone
    ? paragraph(
        `Disposed of: ${what}. The rows may be deleted as soon as the exporter runs again, which takes them as lawfully gone; their checkpoints stay.`,
        0,
      )
    : paragraph(`Would be disposed of: ${what}. Nothing was changed; --yes does it, and it cannot be undone.`, 0);
}

function choiceOf({ before, entries }: Options, length: number): Choice {
  if ((before === undefined) === (entries === undefined))
    throw new CannotRun('say which: --before a day, or --entries first..last');
  if (before !== undefined) return { before };
  if (entries === undefined || entries.last >= length) throw new CannotRun(`the log has entries 0 to ${length - 1}`);
  return entries;
}

function day(text: string): Date {
  const at = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError('Expected a day such as 2019-04-06.');
  }
  return at;
}

function range(text: string): { first: number; last: number } {
  const [, first, last] = /^(\d{1,12})\.\.(\d{1,12})$/.exec(text) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) {
    throw new InvalidArgumentError('Expected the first and the last entry, such as 12..40.');
  }
  return { first: Number(first), last: Number(last) };
}
