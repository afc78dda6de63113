import type { ObligationCase } from '../../../../pack/compliance/model/index.js';

/** What a register says at one moment. */
export interface RegisterContents {
  readonly cases: readonly ObligationCase[];
  /** Rows that cannot be read: where, and what was expected there. Never their values, which may be personal. */
  readonly faults: readonly string[];
  /** When its contents were so: the time of the query, or of the last change of the file. */
  readonly asOf: Date;
}

export interface UnreadableRegister {
  readonly unreadable: string;
}

export type RegisterAnswer = RegisterContents | UnreadableRegister;

export interface RegisterReader {
  /** A register that cannot be read is an answer, not an exception. */
  read(request: { readonly signal: AbortSignal; readonly now: Date }): Promise<RegisterAnswer>;
}

/** More cases than this are not read: a register holds cases, not events. */
export const MAX_CASES = 100_000;
