import type { ControlStatus } from '../../../../pack/compliance/model/status.js';
import type { EvaluationDocument } from '../document.js';

/** An evaluation in the store. Numbers begin with 1 and have no gaps, so that a missing one shows. */
export interface StoredEvaluation {
  readonly number: number;
  readonly document: EvaluationDocument;
}

/** A control's status changed with this evaluation. */
export interface StatusTransition {
  readonly number: number;
  readonly board: string;
  readonly control: string;
  readonly at: Date;
  readonly raw: ControlStatus;
  readonly effective: ControlStatus;
  /** Undefined for the first evaluation of the control. */
  readonly before: ControlStatus | undefined;
}

export interface EvaluationFilter {
  readonly board?: string;
  readonly control?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
}

/** Append-only. What it holds is changed only by `dispose`, and a seal shows every other change. */
export interface EvidenceStore {
  /**
   * Adds all of them or none; when it resolves they are on the disk.
   *
   * @returns the number of the last evaluation in the store.
   * @throws {EvidenceUnavailable}
   */
  append(documents: readonly EvaluationDocument[]): Promise<number>;
  /** Keeps the definition of a control under its SHA-256; again does no harm. */
  keepDefinition(sha256: string, text: string): Promise<void>;
  definition(sha256: string): Promise<string | undefined>;
  /** Those after this number, in order. @param limit at most so many. */
  read(after: number, limit: number): Promise<readonly StoredEvaluation[]>;
  /** The newest one at or before this instant. */
  statusAt(board: string, control: string, instant: Date): Promise<StoredEvaluation | undefined>;
  /** The newest first. @param before only those with a lower number. */
  find(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StoredEvaluation[]>;
  /** The newest first. */
  transitions(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StatusTransition[]>;
  extent(): Promise<StoreExtent>;
  /** Removes evaluations up to this number, because their retention has ended; their numbers are not used again. */
  dispose(upTo: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreExtent {
  /** Of the newest evaluation that there ever was; 0 before the first. */
  readonly last: number;
  /** Up to which number evaluations were disposed of; 0 for none. */
  readonly disposedUpTo: number;
  readonly oldestAt: Date | undefined;
}

/** The store cannot be used now; the message says why and what to do. */
export class EvidenceUnavailable extends Error {
  override readonly name = 'EvidenceUnavailable';
}

/** What is in the store is no evidence: it was damaged or altered. */
export class EvidenceDamaged extends Error {
  override readonly name = 'EvidenceDamaged';
}
