/**
 * Comparisons of business tables that need no audit table: what the portal's own rows say of each other.
 *
 * A `proof` is a row that cannot be there, or be absent, without something having gone unlogged. A `hint` has
 * innocent causes too, so it is shown and never alerted on.
 */
export const comparisonStrengths = {
  'provider-switches': 'proof',
  'activity-without-log': 'proof',
  'orphaned-valuations': 'proof',
  'missing-irr': 'hint',
  'activity-id-density': 'hint',
  'logins-without-session': 'hint',
} as const satisfies Readonly<Record<string, 'proof' | 'hint'>>;

export type ComparisonName = keyof typeof comparisonStrengths;

export const comparisonNames: readonly ComparisonName[] = [
  'provider-switches',
  'activity-without-log',
  'orphaned-valuations',
  'missing-irr',
  'activity-id-density',
  'logins-without-session',
];
