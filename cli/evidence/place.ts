import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { evidenceFolder, openEvidenceToRead } from '../../exporters/compliance/evidence/place.js';
import { openSealedEvidence, type SealedEvidence } from '../../exporters/compliance/evidence/seal/evidence-log.js';
import type { EvidenceStore } from '../../exporters/compliance/evidence/store/store.js';
import { EvidenceDamaged, EvidenceUnavailable } from '../../exporters/compliance/evidence/store/store.js';
import { COMPLIANCE } from '../../exporters/compliance/index.js';
import { SealRefused, SealUnavailable } from '../../exporters/runtime/sealing/errors.js';
import { announcedKeys } from '../../exporters/runtime/sealing/log/announced-keys.js';
import { NoteError } from '../../exporters/runtime/sealing/signing/note.js';
import type { ComplianceBoard } from '../../pack/compliance/model/index.js';
import { loadPack, SecretUnavailable } from '../../pack/index.js';
import type { Seal } from '../../pack/sealing/model.js';
import { type BoardOptions, CannotAnswer, chosenBoard, controlsMessage, withBoardOptions } from '../controls/board.js';
import { exporterState, StateUnclear } from '../exporter-state.js';
import { Interrupted } from '../interrupt.js';

export interface EvidenceOptions extends BoardOptions {
  readonly stateDirectory?: string;
  readonly directory?: string;
}

export function withEvidenceOptions(command: Command): Command {
  return withBoardOptions(command)
    .option(
      '--state-directory <folder>',
      "the exporter's state directory (default: KOP_STATE_DIRECTORY, else that of the exporter that runs here)",
    )
    .option('--directory <folder>', 'folder of the evidence itself, such as a copy of it');
}

export interface EvidenceAtHand {
  readonly board: ComplianceBoard;
  readonly timeZone: string;
  readonly store: EvidenceStore;
  /** For messages. */
  readonly place: string;
}

/** Opens the evidence of the chosen board beside a running exporter, and closes it after the work. */
export async function withEvidence<T>(options: EvidenceOptions, work: (at: EvidenceAtHand) => Promise<T>): Promise<T> {
  const board = chosenBoard(options);
  const directory = options.directory ?? (await folderOf(board, options));
  const place = board.evidence.database === undefined ? directory : 'the evidence database';
  const store = await openEvidenceToRead(board, directory);
  try {
    return await work({ board, timeZone: timeZoneOf(board, options), store, place });
  } finally {
    await store.close();
  }
}

async function folderOf(board: ComplianceBoard, options: EvidenceOptions): Promise<string> {
  const { folder } = await exporterState({
    exporter: COMPLIANCE,
    configFiles: options['config.file'],
    given: options.stateDirectory,
  });
  return evidenceFolder(board, folder);
}

function timeZoneOf({ calendar }: ComplianceBoard, options: EvidenceOptions): string {
  const { calendars } = loadPack(options['config.file'], { requireSecrets: false });
  return calendars.find(({ name }) => name === calendar)?.timeZone ?? 'UTC';
}

/** @throws {CannotAnswer} where the evidence is not sealed. */
export function sealOf({ name, evidence: { seal } }: ComplianceBoard): Seal {
  if (seal !== undefined) return seal;
  throw new CannotAnswer(
    `the evidence of ${name} is not sealed, so nobody can tell whether it was altered; describe seal: under evidence:`,
  );
}

/** Beside a running sealer, without its key. */
export async function sealedToRead({ directory, origin }: Seal): Promise<SealedEvidence> {
  const keys = await announcedKeys(logOf(directory));
  return openSealedEvidence({ directory, origin, keys, readOnly: true });
}

export function logOf(directory: string): string {
  return `${directory}/log.jsonl`;
}

/** @throws {CannotAnswer} where the file is there: what was handed to an auditor is not overwritten in passing. */
export function requireNew(path: string): void {
  if (existsSync(path)) throw new CannotAnswer(`${path} is there already; name another file, or remove it first`);
}

/** Runs a verb and sets the exit code; what the caller can put right is a sentence, with exit code 2. */
export async function answeringAbout(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const message = controlsMessage(error) ?? ownMessageOf(error);
    if (message === undefined) throw error;
    process.stderr.write(`kop evidence: ${message}\n`);
    process.exitCode = 2;
  }
}

const kinds = [
  EvidenceUnavailable,
  EvidenceDamaged,
  SealRefused,
  SealUnavailable,
  NoteError,
  StateUnclear,
  SecretUnavailable,
  Interrupted,
];

function ownMessageOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (kinds.some((kind) => error instanceof kind)) return error.message;
  // Of the file system.
  return 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
    ? error.message
    : undefined;
}
