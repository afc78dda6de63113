import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { columnLabel } from '../../exporters/encryption/scan/column.js';
import { type ColumnOutcome, scanOnce } from '../../exporters/encryption/scan/scan-once.js';
import { ENCRYPTION } from '../../exporters/encryption/source.js';
import { Redactor } from '../../exporters/runtime/log.js';
import { looseFolder, type StateFolder } from '../../exporters/runtime/state/index.js';
import type { CiphertextScan, FieldEncryption, ScannedColumn } from '../../pack/encryption/model.js';
import { InvalidPack, loadPack } from '../../pack/index.js';
import { suggest } from '../../pack/reading/suggest.js';
import { exporterState, type StateLocation, StateUnclear } from '../exporter-state.js';
import { type ScanProgressBar, scanProgressOn } from './scan-progress.js';
import { resultLines, toJson } from './scan-result.js';

interface Options {
  readonly 'config.file': readonly string[];
  readonly json?: true;
  readonly restart?: true;
  readonly rowsPerSecond?: number;
  readonly stateDirectory?: string;
}

const examples = `
Examples:
  kop encryption scan                            every column that the configuration describes
  kop encryption scan public.product_owners      those of one table
  kop encryption scan --rows-per-second 100000   faster than the configuration says, out of hours
  kop encryption scan --restart                  not from where an interrupted scan was

Ctrl-C ends it; the same command goes on from there. It only reads, and no value leaves the database or this process.
Exit code: 0 nothing but ciphertext, 1 found something else, 2 could not look at everything`;

/** `kop encryption scan`: scans the ciphertext columns once. */
export function encryptionScanCommand(): Command {
  return new Command('scan')
    .summary('look at what ciphertext columns hold')
    .description('Reads the ciphertext columns once and says what they hold: forms, key versions, nonces used again.')
    .argument('[table]', 'table as schema.table (default: all that are described)')
    .option('--config.file <path>', 'configuration file or folder; repeat it to merge several', collect, [])
    .option('--json', 'print JSON for programs')
    .option('--restart', 'start from the beginning even if an earlier scan was interrupted')
    .option(
      '--state-directory <folder>',
      "where progress is kept (default: KOP_STATE_DIRECTORY, else the exporter's that runs here, else as described)",
    )
    .option('--rows-per-second <number>', 'rows read in one second at the most', wholeNumber)
    .addHelpText('after', examples)
    .action(async (table: string | undefined, options: Options) => {
      process.exitCode = await run(table, options);
    });
}

interface Task {
  readonly encryption: FieldEncryption;
  readonly scan: CiphertextScan;
  readonly columns: readonly ScannedColumn[];
}

async function run(table: string | undefined, options: Options): Promise<number> {
  let tasks: readonly Task[];
  const states = new Map<string, StateLocation>();
  try {
    tasks = tasksOf(loadPack(options['config.file'], { requireSecrets: false }).encryption, table);
    for (const { encryption, scan } of tasks) states.set(encryption.name, await stateOf(scan, options));
    for (const text of new Set([...states.values()].map(placeLine))) process.stderr.write(`${text}\n`);
  } catch (error) {
    if (!isForTheOperator(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const progress = scanProgressOn(process.stderr);
  const outcomes: ColumnOutcome[] = [];
  try {
    for (const task of tasks) {
      const folder = states.get(task.encryption.name)?.folder;
      if (stopping.signal.aborted || folder === undefined) break;
      outcomes.push(...(await scan(task, commandFolder(folder), options, stopping.signal, progress)));
    }
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    progress.end();
  }
  process.stdout.write(options.json === true ? `${toJson(outcomes)}\n` : `${resultLines(outcomes).join('\n')}\n`);
  return exitCode(outcomes);
}

async function scan(
  task: Task,
  folder: StateFolder,
  options: Options,
  signal: AbortSignal,
  progress: ScanProgressBar,
): Promise<ColumnOutcome[]> {
  const { rowsPerSecond } = options;
  return scanOnce({
    ...task,
    folder,
    scan: { ...task.scan, ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }) },
    isRestart: options.restart === true,
    redactor: new Redactor(),
    signal,
    onProgress: (column, now) => progress.show(nameOf(column), now),
    onNote: (column, note) => progress.note(`${nameOf(column)}: ${note}`),
  });
}

function stateOf({ stateDirectory: described }: CiphertextScan, options: Options): Promise<StateLocation> {
  return exporterState({
    exporter: ENCRYPTION,
    configFiles: options['config.file'],
    given: options.stateDirectory,
    ...(described === undefined ? {} : { described }),
  });
}

function placeLine({ place, exporter }: StateLocation): string {
  const holder =
    exporter === undefined
      ? 'No exporter holds it now'
      : `The exporter that holds it (process ${exporter.pid} on ${exporter.host}) keeps its own progress`;
  return `The progress of this command is kept in ${place}. ${holder}.`;
}

/** Separate from the exporter's, which may scan at the same time. */
function commandFolder(folder: string): StateFolder {
  return looseFolder(join(folder, 'command'));
}

function isForTheOperator(error: unknown): error is Error {
  return error instanceof InvalidPack || error instanceof NothingToScan || error instanceof StateUnclear;
}

class NothingToScan extends Error {}

function tasksOf(encryption: readonly FieldEncryption[], table: string | undefined): readonly Task[] {
  const all = encryption.flatMap((each) =>
    each.scan === undefined ? [] : [{ encryption: each, scan: each.scan, columns: each.scan.columns }],
  );
  if (all.length === 0) {
    throw new NothingToScan(
      'No ciphertext column is described. Write them below encryption.*.scan, and name the file with --config.file.',
    );
  }
  if (table === undefined) return all;
  const wanted = all
    .map((task) => ({ ...task, columns: task.columns.filter((column) => column.table === table) }))
    .filter(({ columns }) => columns.length > 0);
  if (wanted.length > 0) return wanted;
  const tables = [...new Set(all.flatMap(({ columns }) => columns.map((column) => column.table)))];
  const meant = suggest(table, tables);
  const hint = meant === undefined ? `There are ${tables.join(', ')}.` : `Did you mean '${meant}'?`;
  throw new NothingToScan(`No column of table '${table}' is described. ${hint}`);
}

function exitCode(outcomes: readonly ColumnOutcome[]): number {
  if (outcomes.some((outcome) => 'problem' in outcome)) return 2;
  if (outcomes.some((outcome) => !('problem' in outcome) && isFinding(outcome))) return 1;
  // No finding, but some columns could not be read.
  return outcomes.some((outcome) => 'keyProblem' in outcome) ? 2 : 0;
}

function isFinding({ verdict, whole }: Extract<ColumnOutcome, { whole: unknown }>): boolean {
  const { plaintext_suspect, malformed, wrapped, unknown_version, revoked_version } = verdict.states;
  return plaintext_suspect + malformed + wrapped + unknown_version + revoked_version + whole.reuse.length > 0;
}

function nameOf(column: ScannedColumn): string {
  return `${column.table}.${columnLabel(column)}`;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 99999999.');
  return Number(text);
}
