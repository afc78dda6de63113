import type { Reporter } from '../reading/reporter.js';
import type { MapNode } from '../reading/source-node.js';
import type { ParsedShared } from './schema.js';

/** What a rule about the shared sections looks at. */
export interface JudgedShared {
  /** Without the entries whose shape is wrong: their problems are already reported. */
  readonly shared: ParsedShared;
  /** The whole description as it was written. */
  readonly root: MapNode;
  readonly reporter: Reporter;
}

/** Looks at one thing and reports what is wrong with it. */
export type SharedRule = (judged: JudgedShared) => void;
