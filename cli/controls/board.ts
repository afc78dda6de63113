import { type Command, Option } from 'commander';
import { cataloguesNamedBy, type LoadedCatalogue, loadCatalogue } from '../../pack/compliance/catalogue.js';
import { shippedCatalogues } from '../../pack/compliance/documents.js';
import type { ComplianceBoard, Control } from '../../pack/compliance/model/index.js';
import { formatProblem, InvalidPack, loadPack } from '../../pack/index.js';
import { UnreadableFile } from '../../pack/reading/bounded-file.js';
import { suggest } from '../../pack/reading/suggest.js';
import { configFileOption } from '../config-file.js';

export interface BoardOptions {
  readonly 'config.file': readonly string[];
  readonly board?: string;
  readonly catalogue?: string;
}

/** What a verb speaks of: the controls of a board, or those of a catalogue that perhaps no board names. */
export interface ChosenControls {
  /** For messages: `the board kingston`. */
  readonly name: string;
  readonly controls: readonly Control[];
  readonly catalogues: readonly LoadedCatalogue[];
  /** Undefined for a catalogue. */
  readonly board: ComplianceBoard | undefined;
}

/** What the caller can put right; the message says how. */
export class CannotAnswer extends Error {
  override readonly name = 'CannotAnswer';
}

/** Of a board, or of a catalogue by itself. */
export function withControlsOptions(command: Command): Command {
  return withBoardOptions(command).addOption(
    new Option(
      '--catalogue <name>',
      `a catalogue by itself, without board and profile: ${shippedCatalogues().join(', ')}, or a file or folder`,
    ).conflicts(['board', 'config.file']),
  );
}

export function withBoardOptions(command: Command): Command {
  return command
    .option('--board <name>', 'which compliance board (default: the only one there is)')
    .addOption(configFileOption());
}

/** @throws {CannotAnswer} when there is no such board or catalogue, or more than one board to choose from. */
export function chosenControls(options: BoardOptions): ChosenControls {
  if (options.catalogue !== undefined) return ofCatalogue(options.catalogue);
  const board = chosenBoard(options);
  return { name: `the board ${board.name}`, controls: board.controls, catalogues: cataloguesNamedBy(board), board };
}

function ofCatalogue(written: string): ChosenControls {
  const catalogue = loadCatalogue(written);
  if (catalogue === undefined) {
    const near = suggest(written, shippedCatalogues());
    throw new CannotAnswer(
      `there is no catalogue and no file '${written}'; ${near === undefined ? `shipped are ${shippedCatalogues().join(', ')}` : `did you mean '${near}'?`}`,
    );
  }
  const { identity, controls } = catalogue;
  return { name: `the catalogue ${identity.name}`, controls, catalogues: [catalogue], board: undefined };
}

/** @throws {CannotAnswer} when there is no such board, or more than one to choose from. */
export function chosenBoard(options: Omit<BoardOptions, 'catalogue'>): ComplianceBoard {
  const boards = loadPack(options['config.file'], { requireSecrets: false }).compliance;
  const names = boards.map(({ name }) => name);
  const [only, ...others] = boards;
  if (only === undefined) throw new CannotAnswer('the description has no compliance board; add one under compliance');
  if (options.board === undefined) {
    if (others.length > 0) throw new CannotAnswer(`name one with --board: ${names.join(', ')}`);
    return only;
  }
  const named = boards.find(({ name }) => name === options.board);
  if (named === undefined)
    throw new CannotAnswer(`there is no board '${options.board}'; ${meant(options.board, names)}`);
  return named;
}

/** @throws {CannotAnswer} when there is no such control. */
export function chosenControl({ name, controls }: Pick<ChosenControls, 'name' | 'controls'>, id: string): Control {
  const found = controls.find((control) => control.id.toLowerCase() === id.toLowerCase());
  if (found !== undefined) return found;
  const ids = controls.map((control) => control.id);
  throw new CannotAnswer(`${name} has no control '${id}'; ${meant(id, ids)}`);
}

export function oneOfThem(option: string, given: string, known: readonly string[]): string {
  if (known.includes(given)) return given;
  throw new CannotAnswer(`${option}: there is no '${given}'; ${meant(given, known)}`);
}

function meant(given: string, known: readonly string[]): string {
  const near = suggest(given, known);
  return near === undefined ? `there are ${known.join(', ')}` : `did you mean '${near}'?`;
}

/** Runs a verb and sets the exit code; what the caller can put right is a sentence, with exit code 2. */
export function answering(work: () => number): void {
  try {
    process.exitCode = work();
  } catch (error) {
    const message = controlsMessage(error);
    if (message === undefined) throw error;
    process.stderr.write(error instanceof CannotAnswer ? `kop controls: ${message}\n` : `${message}\n`);
    process.exitCode = 2;
  }
}

/** What to tell the caller; undefined for a fault of the program. */
export function controlsMessage(error: unknown): string | undefined {
  if (error instanceof InvalidPack) return error.problems.map(formatProblem).join('\n');
  return error instanceof CannotAnswer || error instanceof UnreadableFile ? error.message : undefined;
}
