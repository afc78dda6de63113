/** Results of another tool, whichever it was. */
import type { ControlStatus } from '../../../../pack/compliance/model/index.js';

export interface ImportedResult {
  /** Of the tool's check or control: fails where any of its findings failed, is unknown where any was not decided. */
  readonly outcome: 'pass' | 'fail' | 'unknown';
  /** Findings by outcome. */
  readonly passed: number;
  readonly failed: number;
  readonly undecided: number;
  /** When the tool looked; of several findings the oldest. */
  readonly collectedAt: Date;
  /** Where the tool says until when it holds. */
  readonly expiresAt?: Date;
  /** Where an export of this pack says it. */
  readonly status?: ControlStatus;
}

export interface ImportedResults {
  readonly tool: string;
  /** By the tool's own identifier. */
  readonly results: ReadonlyMap<string, ImportedResult>;
}

export type ImportAnswer = ImportedResults | { readonly unreadable: string };

/** One finding of a tool about one resource. */
export interface ForeignFinding {
  readonly identifier: string;
  readonly outcome: ImportedResult['outcome'];
  readonly collectedAt: Date;
  readonly expiresAt?: Date;
  readonly status?: ControlStatus;
}

export function importedResults(tool: string, findings: readonly ForeignFinding[]): ImportedResults {
  const results = new Map<string, ImportedResult>();
  for (const finding of findings) {
    results.set(finding.identifier, withFinding(results.get(finding.identifier), finding));
  }
  return { tool, results };
}

function withFinding(before: ImportedResult | undefined, finding: ForeignFinding): ImportedResult {
  const passed = (before?.passed ?? 0) + (finding.outcome === 'pass' ? 1 : 0);
  const failed = (before?.failed ?? 0) + (finding.outcome === 'fail' ? 1 : 0);
  const undecided = (before?.undecided ?? 0) + (finding.outcome === 'unknown' ? 1 : 0);
  const expiresAt = earlier(before?.expiresAt, finding.expiresAt);
  return {
    outcome: failed > 0 ? 'fail' : undecided > 0 ? 'unknown' : 'pass',
    passed,
    failed,
    undecided,
    collectedAt: earlier(before?.collectedAt, finding.collectedAt) ?? finding.collectedAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(finding.status !== undefined && { status: finding.status }),
  };
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
