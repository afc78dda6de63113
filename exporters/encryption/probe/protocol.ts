import type { EncryptionUncertain, SelfTest } from '../../../pack/encryption/metrics.js';
import type { Credential } from '../providers/provider.js';
import type { RoundFailure } from './round.js';
import type { OperationTimes } from './samples.js';
import type { Counted } from './tally.js';
import type { TestResult } from './test-result.js';

/** From the page's thread to a measuring thread. */
export type ProbeCommand =
  | { readonly type: 'configure'; readonly job: string }
  | { readonly type: 'start' }
  | { readonly type: 'stop'; readonly graceMs: number };

/** From a measuring thread to the page's, beside what every thread says. */
export type ProbeReport = { readonly type: 'round'; readonly result: RoundResult };

/** One round as plain data. */
export interface RoundResult {
  readonly startedAtSeconds: number;
  readonly endedAtSeconds: number;
  readonly isUsable: boolean;
  /** Of ours, and nothing else kept it from being used: whether it works is not known. */
  readonly fault?: EncryptionUncertain;
  /** Why it is not, for a person; secrets hidden. */
  readonly problem?: string;
  readonly series: readonly OperationTimes[];
  readonly failures: readonly RoundFailure[];
  /** Ended by a fault of ours. */
  readonly uncertain: readonly Counted<EncryptionUncertain>[];
  readonly selfTests: readonly (readonly [SelfTest, TestResult])[];
  /** Of aged canaries; absent where it was not looked at, or nobody could be asked. */
  readonly isRecordLost?: boolean;
  /** Absent where nobody could or may ask. */
  readonly credential?: Credential;
  /** 0 unless the provider is left alone for longer than usual. */
  readonly pauseMs: number;
}
