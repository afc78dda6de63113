/** Plain data, never HTML: the page escapes and redacts it. */
export interface LandingSection {
  readonly title: string;
  /** One or two sentences above the table. */
  readonly intro?: string;
  readonly table?: LandingTable;
  readonly links?: readonly LandingLink[];
  /** What the rows prove, for the summary at the top of the page. */
  readonly evidence?: SectionEvidence;
}

export interface SectionEvidence {
  /** What it means when all findings are fine: `SLA met in the last run`. */
  readonly fineMeans: string;
  readonly findings: readonly SectionFinding[];
}

/** `unknown` if there is no evidence, the evidence is old, or nothing is measured. */
export type FindingState = 'fine' | 'attention' | 'unknown';

export type SectionFinding =
  | { readonly what: string; readonly state: 'fine' }
  | { readonly what: string; readonly state: Exclude<FindingState, 'fine'>; readonly why: string };

export interface LandingTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly LandingCell[])[];
  /** Shown when there is no row. */
  readonly empty?: string;
}

export interface LandingLink {
  readonly text: string;
  /** A path of this server, such as `/probe?workflow=login`, or an http(s) address. */
  readonly href: string;
}

export type CellState = 'good' | 'bad' | 'warning' | 'neutral';

export type LandingCell =
  | string
  | { readonly text: string; readonly href?: string; readonly state?: CellState; readonly note?: string }
  | { readonly time: Date };
