import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComplianceBoard } from '../../../pack/compliance/model/index.js';
import type { Redactor } from '../../runtime/log.js';
import { openEmbeddedStore } from './store/embedded.js';
import { openPostgresStore } from './store/postgres.js';
import type { EvidenceStore } from './store/store.js';

/** Below the exporter's folder in the state directory, where the board names none. */
export function evidenceFolder({ evidence, name }: Pick<ComplianceBoard, 'evidence' | 'name'>, state: string): string {
  return evidence.directory ?? join(state, `evidence-${name}`);
}

/**
 * The store of a board, to write to.
 *
 * @param state the exporter's folder in the state directory.
 * @throws {EvidenceUnavailable} or {EvidenceDamaged}
 */
export async function openEvidence(board: ComplianceBoard, state: string, redactor: Redactor): Promise<EvidenceStore> {
  const { database } = board.evidence;
  if (database !== undefined) return openPostgresStore(database, { redactor });
  const directory = evidenceFolder(board, state);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return openEmbeddedStore(directory);
}

/**
 * The same for commands that read beside a running exporter. Makes nothing.
 *
 * @throws {EvidenceUnavailable} or {EvidenceDamaged}
 */
export function openEvidenceToRead(board: ComplianceBoard, directory: string): Promise<EvidenceStore> {
  const { database } = board.evidence;
  return database === undefined
    ? openEmbeddedStore(directory, { readOnly: true })
    : openPostgresStore(database, { readOnly: true });
}
