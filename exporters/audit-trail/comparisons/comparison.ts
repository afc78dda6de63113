import type pg from 'pg';

/** What a comparison needs of a connection; a `Session` of the observer is one. */
export interface Queryable {
  query<R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

/**
 * A question to the portal's own tables. The SQL gives one row of two numbers, `findings` and `checked`: never a name,
 * a key or an amount, so that nothing about a client can leave the database this way.
 */
export interface Comparison {
  /** For people: what a finding means, and what else it may mean. */
  readonly sentence: string;
  readonly sql: string;
}

export type ComparisonResult =
  | { readonly state: 'compared'; readonly findings: number; readonly checked: number }
  | { readonly state: 'unknown'; readonly reason: string; readonly mend?: string };
