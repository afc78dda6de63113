import { type AuditTableState, auditMetrics as m } from '../../../../pack/audit-trail/metrics.js';
import { type Difference, type DrawnPhase, type Lines, type SeriesLine, seriesLine } from '../../tests/draw.js';

const trail = { portal: 'kingston', trail: 'kingston' } as const;
export const auditLabels = { ...trail, team: 'compliance' } as const;
export const clients = 'public.client_groups';
const portfolios = 'public.portfolios';

const of = (metric: { readonly name: string }, labels: Readonly<Record<string, string>>, healthy?: number) =>
  seriesLine(metric, { ...trail, ...labels }, healthy);
const state = (table: string, name: AuditTableState, healthy: number) =>
  of(m.tableState, { table, state: name }, healthy);
const unknown = (source: string) => of(m.evidenceState, { source, state: 'unknown' }, 0);
const lag = (le: string) => ({ ...of(m.writeLag, { le }, 10), metric: `${m.writeLag.name}_bucket` });

const slow = { trail: 'archive' } as const;

const gauges = {
  orphaned: { metric: m.orphanedFaults.name, labels: { state: 'kingston-before' } } as SeriesLine,
  info: of(m.info, { title: "Audit trail of Kingston's Portal", team: 'compliance', preset: 'kop' }, 1),
  lookInterval: of(m.pollInterval, {}, 15),
  confirmInterval: of(m.confirmInterval, {}, 60),
  sealInterval: of(m.sealInterval, {}, 60),
  /** Of another trail, which has all the time in the world. */
  slowInfo: of(m.info, { ...slow, title: 'Of an archive', team: 'compliance', preset: 'kop' }),
  slowInterval: of(m.pollInterval, slow),
  slowRounds: of(m.confirmInterval, slow),
  slowSeal: of(m.sealInterval, slow),
  slowPoll: of(m.lastCheck, { ...slow, check: 'tripwires' }),
  slowReading: of(m.lastCheck, { ...slow, check: 'reading' }),
  slowCheckpoint: of(m.checkpointTime, slow),
  inScope: of(m.tablesInScope, {}, 2),
  covered: of(m.tablesCovered, {}, 2),
  coverage: of(m.coverage, { table: clients }, 1),
  coverageOfOther: of(m.coverage, { table: portfolios }, 1),
  /** Of a table that was not there before. */
  coverageOfNew: of(m.coverage, { table: 'public.legal_documents' }),
  ok: state(clients, 'ok', 1),
  suspect: state(clients, 'suspect', 0),
  confirmed: state(clients, 'confirmed', 0),
  explained: state(clients, 'explained', 0),
  unknown: state(clients, 'unknown', 0),
  okOfOther: state(portfolios, 'ok', 1),
  confirmedOfOther: state(portfolios, 'confirmed', 0),
  unknownOfOther: state(portfolios, 'unknown', 0),
  mismatch: of(m.counterMismatch, { invariant: 'records_mutated' }, 0),
  /** Of an equality with honest causes. */
  mismatchOfCalls: of(m.counterMismatch, { invariant: 'operations_calls' }, 0),
  unaccounted: of(m.unaccounted, { invariant: 'operations_calls', direction: 'above' }, 0),
  unaccountedBelow: of(m.unaccounted, { invariant: 'calls_records', direction: 'below' }, 0),
  mismatches: of(m.replayMismatches, { table: clients, kind: 'different' }, 0),
  fullScanPeriod: of(m.fullScanPeriod, { sweep: 'replay' }, 600),
  witness: of(m.witnessMismatch, { table: clients, operation: 'UPDATE' }, 0),
  retained: of(m.witnessRetained, {}, 16_777_216),
  retainedLimit: of(m.witnessRetainedLimit, {}, 10_737_418_240),
  orphans: of(m.comparisonFindings, { comparison: 'orphaned-valuations', strength: 'proof' }, 0),
  oddities: of(m.comparisonFindings, { comparison: 'missing-irr', strength: 'hint' }, 0),
  watermarkLag: of(m.watermarkLag, {}, 0),
  clockOffset: of(m.clockOffset, {}, 0.02),
  clockSkewLimit: of(m.clockSkewLimit, {}, 5),
  /** Of another trail, whose database may be off by more. */
  slowSkewLimit: of(m.clockSkewLimit, slow),
  disposedEarly: of(m.retentionViolations, { kind: 'disposed_early' }, 0),
  superusers: of(m.bypassRoles, { exposure: 'superuser' }, 1),
  mutators: of(m.bypassRoles, { exposure: 'mutate_records' }, 0),
  unreadable: of(m.unreadable, { part: 'image' }, 0),
  readersLogged: of(m.readers, { reading: 'logged' }, 2),
  readersUnlogged: of(m.readers, { reading: 'unlogged' }, 0),
  readersUnknown: of(m.readers, { reading: 'unknown' }, 0),
  unlogged: of(m.unlogged, {}, 0),
  noConnection: unknown('connection'),
  noRecords: unknown('records'),
  noReplay: unknown('replay'),
  noWitness: unknown('witness'),
  lesserTimes: of(m.evidenceState, { source: 'commit_timestamps', state: 'degraded' }, 0),
  sealLag: of(m.sealLag, {}, 0),
  verified: of(m.verified, {}, 1),
};

const counters = {
  missing: of(m.missing, { table: clients, operation: 'UPDATE' }, 0),
  unexplained: of(m.unexplained, { table: clients, operation: 'UPDATE' }, 0),
  breaks: of(m.continuityBreaks, { table: clients }, 0),
  records: of(m.records, { table: clients, operation: 'UPDATE' }, 10),
  fingerprints: of(m.fingerprintChanges, { object: 'trigger' }, 0),
  timelines: of(m.epochChanges, { reason: 'timeline' }, 0),
  restarts: of(m.epochChanges, { reason: 'postmaster_restart' }, 0),
  withoutReason: of(m.attributionMissing, { field: 'reason' }, 0),
  unresolved: of(m.actors, { kind: 'unresolved' }, 0),
  shared: of(m.actors, { kind: 'shared' }, 0),
  byHumans: of(m.actors, { kind: 'human' }, 10),
  backdated: of(m.timeViolations, { kind: 'backdated' }, 0),
  duplicates: of(m.identityBreaks, { kind: 'duplicate' }, 0),
  within1: lag('1.0'),
  within60: lag('60.0'),
  within300: lag('300.0'),
  withinAny: lag('+Inf'),
  failures: of(m.verificationFailures, { kind: 'chunk' }, 0),
};

const clocks = {
  tripwires: of(m.lastCheck, { check: 'tripwires' }),
  reading: of(m.lastCheck, { check: 'reading' }),
  retention: of(m.lastCheck, { check: 'retention' }),
  readability: of(m.lastCheck, { check: 'readability' }),
  exposure: of(m.lastCheck, { check: 'exposure' }),
  witness: of(m.lastCheck, { check: 'witness' }),
  checkpoint: of(m.checkpointTime, {}),
  anchor: of(m.anchorTime, { anchor: 'second-disk' }),
};

type G = keyof typeof gauges;
type C = keyof typeof counters;
type T = keyof typeof clocks;
export type AuditDifference = Difference<G, C, T>;
export type AuditPhase = DrawnPhase<G, C, T>;

export const auditLines: Lines<G, C, T> = { exporter: 'audit-trail', gauges, counters, clocks };

export const isConfirmed: AuditDifference = { set: { ok: 0, confirmed: 1 } };
export const isUnknown: AuditDifference = { set: { ok: 0, unknown: 1 } };

/** A trail beside ours that was polled, read and sealed in the first second and is not due before tomorrow. */
export const besideSlow: NonNullable<AuditDifference['set']> = {
  slowInfo: 1,
  slowInterval: 86_400,
  slowRounds: 86_400,
  slowSeal: 86_400,
  slowPoll: 1,
  slowReading: 1,
  slowCheckpoint: 1,
};

/** What an exporter shows while it cannot reach the database. */
export const cutOff: AuditDifference = {
  set: {
    noConnection: 1,
    noRecords: 1,
    noReplay: 1,
    ok: 0,
    unknown: 1,
    okOfOther: 0,
    unknownOfOther: 1,
    mismatch: 'gone',
    watermarkLag: 'gone',
    superusers: 'gone',
    mutators: 'gone',
    readersLogged: 'gone',
    readersUnlogged: 'gone',
    readersUnknown: 'gone',
    unlogged: 'gone',
    clockOffset: 'gone',
    inScope: 'gone',
    covered: 'gone',
    coverage: 'gone',
    coverageOfOther: 'gone',
    mismatches: 'gone',
    retained: 'gone',
    retainedLimit: 'gone',
    disposedEarly: 'gone',
    unreadable: 'gone',
    orphans: 'gone',
    oddities: 'gone',
  },
  clocks: {
    tripwires: 'stopped',
    reading: 'stopped',
    retention: 'stopped',
    exposure: 'stopped',
    checkpoint: 'stopped',
    anchor: 'stopped',
  },
};

/** Kingston as it is today: tables, but no trigger, no audit table and so no seal. */
export const today: AuditDifference = {
  set: {
    covered: 0,
    coverage: 0,
    coverageOfOther: 0,
    ok: 0,
    unknown: 1,
    okOfOther: 0,
    unknownOfOther: 1,
    noRecords: 1,
    noReplay: 1,
    noWitness: 1,
    lesserTimes: 1,
    mismatch: 'gone',
    mismatches: 'gone',
    fullScanPeriod: 'gone',
    witness: 'gone',
    watermarkLag: 'gone',
    disposedEarly: 'gone',
    sealLag: 'gone',
    verified: 'gone',
  },
  perMinute: { records: 0, within1: 0, within60: 0, within300: 0, withinAny: 0 },
  clocks: { reading: 'never', retention: 'never', witness: 'never', checkpoint: 'gone', anchor: 'gone' },
};
