import { once } from 'node:events';
import { createWriteStream, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Command, Option } from 'commander';
import type {
  EvaluationFilter,
  EvidenceStore,
  StoredEvaluation,
} from '../../exporters/compliance/evidence/store/store.js';
import { csvCell } from '../../exporters/compliance/interchange/export/csv-cell.js';
import { kopCall } from '../../exporters/runtime/call.js';
import type { ComplianceBoard } from '../../pack/compliance/model/index.js';
import { chosenControl } from '../controls/board.js';
import { interruptible } from '../interrupt.js';
import { writing } from '../writing.js';
import { momentOf } from './instant.js';
import { answeringAbout, type EvidenceOptions, requireNew, withEvidence, withEvidenceOptions } from './place.js';

interface Options extends EvidenceOptions {
  readonly control?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly format: 'jsonl' | 'csv';
  readonly out?: string;
}

const examples = `
The first line of JSON lines says what follows: board, catalogues with their digests, filters, and the time of the export. The last
line has the number of evaluations, so that a file that was cut off shows. In CSV the same stands in lines that begin with #.

Examples:
  $ ${kopCall()} evidence export --control AUD-02 --from 2026-01-01 --to 2026-03-31 --out aud-02.jsonl
  $ ${kopCall()} evidence export --format csv > evidence.csv

Exit codes:
  0  exported
  2  the store cannot be read, or the file cannot be written; then there is none`;

const BATCH = 500;

/** `kop evidence export`: evaluations of a time, for an auditor. */
export function exportCommand(): Command {
  return withEvidenceOptions(new Command('export'))
    .summary('evaluations of a time, as JSON lines or CSV')
    .description('Exports evaluations with what every check saw. Newest first.')
    .option('--control <id>', 'only this control')
    .option('--from <moment>', 'day or instant, inclusive', momentOf)
    .option('--to <moment>', 'day or instant, inclusive', momentOf)
    .addOption(new Option('--format <format>', 'form').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--out <file>', 'write there in place of standard output; it appears when it is whole')
    .addHelpText('after', examples)
    .action((options: Options) => answeringAbout(() => interruptible((signal) => run(options, signal))));
}

function run(options: Options, signal: AbortSignal): Promise<number> {
  return withEvidence(options, async ({ board, store }) => {
    const filter = filterOf(board, options);
    if (options.out === undefined) {
      await write(process.stdout, { board, store, filter, options, signal });
      return 0;
    }
    const { out } = options;
    requireNew(out);
    const part = `${out}.${process.pid}.part`;
    await writing(out, '--out', async () => {
      const file = createWriteStream(part, { flags: 'wx', mode: 0o600 });
      // Whoever waits is told; once it is interrupted nobody does.
      file.on('error', () => undefined);
      try {
        await once(file, 'open');
        await write(file, { board, store, filter, options, signal });
        file.end();
        await finished(file);
        await rename(part, out);
      } catch (error) {
        file.destroy();
        rmSync(part, { force: true });
        throw error;
      }
    });
    return 0;
  });
}

function filterOf(board: ComplianceBoard, { control, from, to }: Options): EvaluationFilter {
  return {
    board: board.name,
    ...(control === undefined
      ? {}
      : { control: chosenControl({ name: `the board ${board.name}`, controls: board.controls }, control).id }),
    ...(from === undefined ? {} : { from: startOf(from) }),
    // The filter's end is exclusive.
    ...(to === undefined ? {} : { to: new Date(to.getTime() + 1) }),
  };
}

/** A day given as `--from` begins with its first moment. */
function startOf(moment: Date): Date {
  return moment.toISOString().endsWith('T23:59:59.999Z')
    ? new Date(`${moment.toISOString().slice(0, 10)}T00:00:00.000Z`)
    : moment;
}

interface Exported {
  readonly board: ComplianceBoard;
  readonly store: EvidenceStore;
  readonly filter: EvaluationFilter;
  readonly options: Options;
  readonly signal: AbortSignal;
}

async function write(out: Writable, { board, store, filter, options, signal }: Exported): Promise<void> {
  const head = {
    kop: 'evidence-export-1',
    board: board.name,
    catalogues: board.catalogues.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    filter,
    exportedAt: new Date().toISOString(),
  };
  const isCsv = options.format === 'csv';
  await line(out, isCsv ? `# ${JSON.stringify(head)}\n${CSV_HEAD}` : JSON.stringify(head));
  let count = 0;
  let before: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const found = await store.find(filter, BATCH, before);
    for (const each of found) await line(out, isCsv ? csvOf(each) : JSON.stringify(each));
    count += found.length;
    before = found.at(-1)?.number;
    if (found.length < BATCH) break;
  }
  await line(out, isCsv ? `# ${JSON.stringify({ evaluations: count })}` : JSON.stringify({ evaluations: count }));
}

async function line(out: Writable, text: string): Promise<void> {
  if (!out.write(`${text}\n`)) await once(out, 'drain');
}

const CSV_HEAD =
  'number,at,control,raw,effective,waiver,catalogue,catalogue_sha256,definition,check,outcome,value,operator,limit,as_of,source,reason';

/** A line for each check. */
function csvOf({ number, document }: StoredEvaluation): string {
  const { at, control, raw, effective, waiver, catalogue, definition } = document;
  return document.checks
    .map(({ name, outcome, value, operator, limit, asOf, source, reason }) =>
      [
        String(number),
        at,
        control,
        raw,
        effective,
        waiver,
        `${catalogue.name} ${catalogue.version}`,
        catalogue.sha256,
        definition,
        name,
        outcome,
        value,
        operator,
        limit,
        asOf,
        source,
        reason,
      ]
        .map((cell = '') => csvCell(cell))
        .join(','),
    )
    .join('\n');
}
