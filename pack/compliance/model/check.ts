/** How a control is checked. Each check gives one number, which is compared with a limit in the exporter. */

export const comparisonOperators = ['==', '!=', '<', '<=', '>', '>='] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** What a value must be. */
export interface ControlExpectation {
  readonly operator: ComparisonOperator;
  readonly limit: number;
  /** A value that still passes and does not keep this one is at risk; same operator. */
  readonly warnLimit?: number;
}

/** How many series, rows or findings become one number. */
export const reductions = ['max', 'min', 'sum', 'count'] as const;
export type Reduction = (typeof reductions)[number];

interface CheckBase {
  /** Unique in its control. */
  readonly name: string;
  /** What is looked at, in words. */
  readonly title: string;
  readonly unit: 'count' | 'ratio' | 'seconds' | 'days' | 'boolean';
  /** Must fail for this long, in consecutive evaluations, before the control fails; passing takes effect at once. */
  readonly failsAfterMs: number;
}

/** A bare expression, without a comparison: `x == 0` gives no series both when it is false and when x is absent. */
export interface PromqlCheck extends CheckBase {
  readonly kind: 'promql';
  readonly query: string;
  readonly reduce: Reduction;
  readonly expect: ControlExpectation;
  /** What no series mean. `zero` is for counts of faults whose source is proven alive by `aliveQuery`. */
  readonly onEmpty: 'unknown' | 'zero';
  /** Fewer series are unknown: part of them is missing. */
  readonly minSeries: number;
  /** Must give at least one series, all of them 1; otherwise the source is dead and the value unknown. */
  readonly aliveQuery?: string;
}

/** A query that returns one row with one number, `value`; a second column, `as_of`, says how old the evidence is. */
export interface SqlCheck extends CheckBase {
  readonly kind: 'sql';
  /** Name of a database of the board. */
  readonly database: string;
  readonly query: string;
  readonly expect: ControlExpectation;
}

/** A path of the portal is answered with this status and, if given, a value of its JSON body. */
export interface HttpCheck extends CheckBase {
  readonly kind: 'http';
  readonly path: string;
  readonly status: number;
  /** JSONPath to one number or boolean. Without it the value is 1 when the status is as expected, otherwise 0. */
  readonly json?: string;
  readonly expect: ControlExpectation;
}

/** Something happened recently enough. The source gives the time when, as seconds since 1970. */
export interface FreshnessCheck extends CheckBase {
  readonly kind: 'freshness';
  readonly source:
    | { readonly kind: 'promql'; readonly query: string }
    | { readonly kind: 'sql'; readonly database: string; readonly query: string };
  readonly maxAgeSeconds: number;
  /** An older one is at risk. */
  readonly warnAgeSeconds?: number;
}

/** Every open case of an obligation is inside its deadline; one inside `leadSeconds` of it is at risk. */
export interface DeadlineCheck extends CheckBase {
  readonly kind: 'deadline';
  /** Name of an obligation of the board. */
  readonly obligation: string;
}

/** A person states it, and the statement expires. */
export interface AttestationCheck extends CheckBase {
  readonly kind: 'attestation';
  /** Longest time between two statements, in calendar months. */
  readonly everyMonths: number;
  /** Days before the end in which the state is at risk. */
  readonly leadDays: number;
}

/** Results of another tool, from a file that it writes. */
export interface ImportedCheck extends CheckBase {
  readonly kind: 'imported';
  /** Name of an import of the board. */
  readonly source: string;
  /** Identifiers of the tool's own checks or controls; all must be there and pass. */
  readonly identifiers: readonly string[];
}

/** Enough of other checks of the same control pass. */
export interface CompositeCheck extends CheckBase {
  readonly kind: 'composite';
  readonly of: readonly string[];
  readonly atLeast: number;
}

export type ControlCheck =
  | PromqlCheck
  | SqlCheck
  | HttpCheck
  | FreshnessCheck
  | DeadlineCheck
  | AttestationCheck
  | ImportedCheck
  | CompositeCheck;

export const checkKinds = [
  'promql',
  'sql',
  'http',
  'freshness',
  'deadline',
  'attestation',
  'imported',
  'composite',
] as const satisfies readonly ControlCheck['kind'][];
