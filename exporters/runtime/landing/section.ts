/** Plain data, never HTML: the page escapes and redacts it. */
export interface LandingSection {
  readonly title: string;
  /** One or two sentences above the table. */
  readonly intro?: string;
  readonly table?: LandingTable;
  readonly links?: readonly LandingLink[];
}

export interface LandingTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Shown when there is no row. */
  readonly empty?: string;
}

export interface LandingLink {
  readonly text: string;
  /** A path of this server, such as `/probe?workflow=login`, or an http(s) address. */
  readonly href: string;
}

export type CellState = 'good' | 'bad' | 'warning' | 'neutral';

export type Cell =
  | string
  | { readonly text: string; readonly href?: string; readonly state?: CellState; readonly note?: string }
  | { readonly time: Date };
