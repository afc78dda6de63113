import type { EncryptionUncertain, SelfTest } from '../../../pack/encryption/metrics.js';
import type { Credential } from '../providers/provider.js';
import type { RoundFailure } from './round.js';
import type { OperationTimes } from './samples.js';
import type { Counted } from './tally.js';
import type { TestResult } from './test-result.js';

/** Messages from the main thread to a measuring thread. */
export type ProbeCommand =
  | { readonly type: 'configure'; readonly job: string }
  | { readonly type: 'start' }
  | { readonly type: 'stop'; readonly graceMs: number };

/** Messages from a measuring thread to the main thread, in addition to those of every thread. */
export type ProbeReport = { readonly type: 'round'; readonly result: RoundResult };

/** One round as plain data. */
export interface RoundResult {
  readonly startedAtSeconds: number;
  readonly endedAtSeconds: number;
  readonly isUsable: boolean;
  /** The exporter's own fault, if nothing else prevented its use: then it is unknown whether the provider works. */
  readonly fault?: EncryptionUncertain;
  /** Why it is not usable, as a readable text; secrets are hidden. */
  readonly problem?: string;
  readonly series: readonly OperationTimes[];
  readonly failures: readonly RoundFailure[];
  /** Operations that failed because of a fault of the exporter. */
  readonly uncertain: readonly Counted<EncryptionUncertain>[];
  readonly selfTests: readonly (readonly [SelfTest, TestResult])[];
  /** The record of aged canaries; absent if it was not read, or the provider could not be reached. */
  readonly isRecordLost?: boolean;
  /** Absent if it could not be read. */
  readonly credential?: Credential;
  /** 0 unless the next round is delayed because of failures. */
  readonly pauseMs: number;
}
