import { kopCall } from '../../runtime/call.js';
import { errorCode } from '../../runtime/error-code.js';
import { describeError } from '../../runtime/log.js';
import type { AnchorStatus } from '../../runtime/sealing/anchors/anchoring.js';
import { MAX_OVERLAP_ROWS } from './late-rows.js';
import type { PassResult } from './seal-pass.js';
import type { SealState, SealStatus } from './status.js';
import type { ChunkFailure } from './verify-rows.js';

export interface SealFacts {
  readonly state: SealState;
  /** Why it does not seal. */
  readonly reason: string | undefined;
  readonly pass: PassResult | undefined;
  /** The last pass ended too long ago to say anything about the present. */
  readonly isLate: boolean;
  readonly verifyProblem: string | undefined;
  readonly failedChunks: readonly ChunkFailure[];
  readonly anchors: readonly AnchorStatus[];
}

/** How far the seal can be relied on at present. */
export function sealEvidence(facts: SealFacts): Pick<SealStatus, 'evidence' | 'reasons'> {
  const { state, reason, pass, isLate, verifyProblem, failedChunks, anchors } = facts;
  if (state !== 'sealing') return { evidence: 'unknown', reasons: [reason ?? 'nothing was sealed yet'] };
  if (isLate) {
    return { evidence: 'unknown', reasons: ['no pass ended in time; the database or the disk may be too slow'] };
  }
  const isOverlap = pass?.shape.format.certainty === 'overlap';
  const reasons = [
    ...(pass?.shape.weaknesses ?? []),
    ...(isOverlap
      ? ['records are ordered by time, so a late one is sealed late; add an xid8 column to make sealing exact']
      : []),
    ...(pass?.isLateWindowCut === true
      ? [
          `more than ${MAX_OVERLAP_ROWS} records lie in the time that is read again, so late ones among the newest of them are not looked for`,
        ]
      : []),
    ...(isOverlap ? strayReasons(failedChunks.filter(isStray)) : []),
    ...failedReasons(isOverlap ? failedChunks.filter((failure) => !isStray(failure)) : failedChunks),
    ...(verifyProblem === undefined ? [] : [verifyProblem]),
    ...anchors.flatMap(({ name, error }) => (error === undefined ? [] : [`anchor ${name}: ${error}`])),
  ];
  return { evidence: reasons.length === 0 ? 'ok' : 'degraded', reasons };
}

/** Sealed rows that were changed since. The seal exists to show this, so the state is never ok. */
function failedReasons(failedChunks: readonly ChunkFailure[]): readonly string[] {
  const { length } = failedChunks;
  if (length === 0) return [];
  const records = failedChunks.reduce((sum, { expected }) => sum + expected, 0);
  return [
    `${length} ${length === 1 ? 'chunk' : 'chunks'} of ${records} sealed records ${length === 1 ? 'is' : 'are'} not as sealed; ${kopCall()} audit verify --full names the records`,
  ];
}

/** In a table that is ordered by time, a row too many may be forged, or only later than was allowed. */
function isStray({ changed, missing, isLocalised }: ChunkFailure): boolean {
  return isLocalised && changed.length + missing.length === 0;
}

function strayReasons(failedChunks: readonly ChunkFailure[]): readonly string[] {
  const strays = failedChunks.reduce((sum, { added }) => sum + added.length, 0);
  if (strays === 0) return [];
  return [
    `${strays} records are dated into a time that was sealed without them, further back than records.maxWriteLag allows: late or forged, and under no checkpoint`,
  ];
}

export function explainFailure(error: unknown, directory: string): string {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return `the disk of ${directory} is full; nothing is lost, sealing goes on when there is room`;
  }
  return describeError(error);
}
