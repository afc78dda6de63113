/** Controls: what a regulation, a policy or a contract asks for, as something that can be checked. */
import type { ControlCheck } from './check.js';

/** The areas of the handbook. */
export const complianceAreas = [
  'financial_regulations',
  'data_protection',
  'privacy_regulations',
  'audit_requirements',
  'security_compliance',
] as const;
export type ComplianceArea = (typeof complianceAreas)[number];

export const controlSeverities = ['critical', 'high', 'medium', 'low'] as const;
export type ControlSeverity = (typeof controlSeverities)[number];

/**
 * What is known about a reference. `verified`: somebody read the text on the day `checked`. `listed`: the document that
 * defines the catalogue names it. `to_confirm`: from general knowledge; a person must confirm it before relying on it.
 */
export const referenceConfidences = ['verified', 'listed', 'to_confirm'] as const;
export type ReferenceConfidence = (typeof referenceConfidences)[number];

/** A control supports a rule; it never proves that the rule is met. */
export interface FrameworkReference {
  /** Name of the framework in the catalogue's `frameworks:`. */
  readonly framework: string;
  /** Place in it, such as `Art 33(1)`. */
  readonly ref: string;
  readonly confidence: ReferenceConfidence;
  /** ISO day on which the text was read. */
  readonly checked?: string;
  readonly note?: string;
}

/** Whether a control applies to this firm. */
export type Applicability =
  | { readonly applies: true }
  /** Excluded with a reason, until the day of review; from that day on the state is unknown. */
  | { readonly applies: false; readonly reason: string; readonly reviewBy: string };

export interface Control {
  /** Stable; never reused for something else. `AUD-02`. */
  readonly id: string;
  readonly title: string;
  readonly area: ComplianceArea;
  /** Who answers for it: a team of `teams:`. */
  readonly owner: string;
  readonly severity: ControlSeverity;
  /** What has to be so, in words for people who do not know the checks. */
  readonly statement: string;
  /** What to do when it is not so. */
  readonly guidance?: string;
  /** Address of a runbook of the firm's own. */
  readonly runbook?: string;
  /** ISO days; the first day on which it applies, and the last. Before `from` it is shown as coming. */
  readonly effective: { readonly from?: string; readonly to?: string };
  readonly applicability: Applicability;
  readonly references: readonly FrameworkReference[];
  /** All must pass. */
  readonly checks: readonly ControlCheck[];
  /** Evidence that is older makes the state unknown. */
  readonly evidenceMaxAgeSeconds: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** ISO day on which a person reviews the control itself. */
  readonly nextReview?: string;
  /** Known answers: what the control must say of these values. */
  readonly tests: readonly ControlTest[];
  /** Name of the catalogue that it comes from. */
  readonly catalogue: string;
}

/** Values of checks, by name; a check without one has no evidence. */
export interface ControlTest {
  readonly given: Readonly<Record<string, number>>;
  readonly want: 'compliant' | 'at_risk' | 'non_compliant' | 'unknown';
}
