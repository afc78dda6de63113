import type { VerificationKind } from '../../../pack/sealing/model.js';
import type { AnchorStatus } from '../../runtime/sealing/anchors/anchoring.js';
import type { RollingStatus } from './rolling.js';

/**
 * `refused`: the evidence contradicts itself, and nothing is added until a person has acted. `error`: it cannot seal
 * or write at present and tries again; nothing is lost, it only comes later.
 */
export const sealStates = ['starting', 'sealing', 'error', 'refused', 'stopped'] as const;
export type SealState = (typeof sealStates)[number];

export interface SealStatus {
  readonly state: SealState;
  /** Since when another sealer has the log, and this one takes over when that one is gone. */
  readonly waitingSince: Date | undefined;
  /** `unknown` whenever it could not seal lately, whatever the numbers below say. */
  readonly evidence: 'ok' | 'degraded' | 'unknown';
  /** Why it is not `ok`, each with how to fix it. */
  readonly reasons: readonly string[];
  readonly certainty: 'exact' | 'overlap' | undefined;
  readonly checkpoint: { readonly seq: number; readonly size: number; readonly at: Date } | undefined;
  /** Of the last successful pass. */
  readonly lastPassAt: Date | undefined;
  /** Age of the oldest record that no checkpoint covers, as of now; undefined before the first pass. */
  readonly sealLagSeconds: number | undefined;
  /** Open failures by kind, each counted once; those of chunks also from before the start. */
  readonly failures: Readonly<Record<VerificationKind, number>>;
  readonly anchors: readonly AnchorStatus[];
  readonly verification: RollingStatus | undefined;
  readonly disposedRecords: number;
  /** Late rows and rows sealed since the start. */
  readonly sealedRows: number;
  readonly lateRows: number;
}
