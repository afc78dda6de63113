import type { DropReason } from '../../pack/workflow/metrics.js';
import type { RunResult } from './result.js';

/** Messages from the main thread to the measuring thread. */
export type EngineCommand =
  | { readonly type: 'configure'; readonly jobs: string }
  | { readonly type: 'start' }
  | {
      readonly type: 'probe';
      readonly id: number;
      readonly workflow: string;
      readonly portal: string;
      readonly timeoutMs: number;
    }
  | { readonly type: 'stop'; readonly graceMs: number };

/** Messages from the measuring thread to the main thread, in addition to those of every thread. */
export type EngineReport =
  | { readonly type: 'run'; readonly result: RunResult }
  | {
      readonly type: 'dropped';
      readonly workflow: string;
      readonly portal: string;
      readonly reason: DropReason;
      readonly count: number;
    }
  | { readonly type: 'state'; readonly warmingUp: number; readonly portals: readonly PortalLoad[] }
  | { readonly type: 'probed'; readonly id: number; readonly answer: ProbeAnswer };

export type ProbeAnswer =
  | { readonly kind: 'ran'; readonly result: RunResult }
  | { readonly kind: 'busy' }
  | { readonly kind: 'unknown' };

export interface PortalLoad {
  readonly portal: string;
  /** Why its current certificate files are not in use. */
  readonly tlsProblem?: string;
  /** Runs in progress, scheduled or on demand. */
  readonly running: number;
  /** Requests that are open beyond their deadline. */
  readonly open: number;
}
