import { counter, gauge, histogram } from '../metrics/declare.js';
import { verificationKinds } from '../sealing/model.js';

export const auditTableStates = ['ok', 'suspect', 'confirmed', 'explained', 'unknown'] as const;
export type AuditTableState = (typeof auditTableStates)[number];

export const auditInvariants = ['operations_calls', 'calls_records', 'records_sequence', 'records_mutated'] as const;
export type AuditInvariant = (typeof auditInvariants)[number];

/**
 * Of these a difference has honest causes, such as a statement that failed midway, and dishonest ones, such as a row that was
 * inserted and deleted unrecorded. Both leave nothing behind that could be compared.
 */
export const unaccountedInvariants = ['operations_calls', 'calls_records'] as const satisfies readonly AuditInvariant[];
export type UnaccountedInvariant = (typeof unaccountedInvariants)[number];
export const mismatchDirections = ['above', 'below'] as const;
export type MismatchDirection = (typeof mismatchDirections)[number];

/** Where evidence comes from; each can fail by itself, and what rests on it is then unknown. */
export const evidenceSources = [
  'connection',
  'counters',
  'catalogue',
  'records',
  'continuity',
  'replay',
  'commit_timestamps',
  'identity',
  'seal',
  'witness',
] as const;
export type EvidenceSource = (typeof evidenceSources)[number];
export const evidenceStates = ['ok', 'degraded', 'unknown'] as const;
export type EvidenceState = (typeof evidenceStates)[number];

/** The checks that say when they last had a result. */
// `tripwires` are the fast checks: the values of a label keep their names.
export const checkNames = [
  'tripwires',
  'reading',
  'replay',
  'identity',
  'retention',
  'readability',
  'exposure',
  'witness',
  'comparisons',
] as const;
export type CheckName = (typeof checkNames)[number];

export const replayKinds = ['missing_live', 'missing_record', 'resurrected', 'different'] as const;
export const epochReasons = [
  'start',
  'postmaster_restart',
  'stats_reset',
  'timeline',
  'system',
  'relation',
  'counters_fell',
  'counters_unseen',
] as const;
export const identityKinds = ['duplicate', 'regressed', 'beyond_sequence'] as const;
/** Parts of a record that an export needs and that may turn out to be unreadable. */
export const recordParts = ['time', 'image'] as const;
/**
 * Whether reading the audit records is itself recorded, for a role that may: `avoidable` where it can switch that off
 * for its own session.
 */
export const readerKinds = ['logged', 'avoidable', 'unlogged', 'unknown'] as const;
export const exposureKinds = [
  'superuser',
  'replication_role',
  'owner',
  'mutate_records',
  'forge_records',
  'server_programs',
  'bypass_rls',
] as const;

const table = ['portal', 'trail', 'table'] as const;
const operation = [...table, 'operation'] as const;
const operations = { operation: ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] };
const trail = ['portal', 'trail'] as const;
const unaccounted = [...trail, 'invariant', 'direction'] as const;
const unaccountedValues = { invariant: unaccountedInvariants, direction: mismatchDirections };

export const auditMetrics = {
  info: gauge(
    'audit_trail_info',
    'info',
    [...trail, 'title', 'team', 'preset'],
    'Identity of the trail; the value is always 1.',
  ),
  tablesInScope: gauge('audit_trail_tables_in_scope', 'count', trail, 'Base tables that must be audited.'),
  tablesCovered: gauge(
    'audit_trail_tables_covered',
    'count',
    trail,
    'Tables in scope with every required operation recorded.',
  ),
  coverage: gauge(
    'audit_trail_coverage_ratio',
    'ratio',
    table,
    'Share of the required operations with an effective trigger.',
  ),
  triggerEffective: gauge(
    'audit_trail_trigger_effective',
    'boolean',
    operation,
    'Whether an effective trigger records this operation.',
    { values: operations },
  ),
  fingerprintChanges: counter(
    'audit_trail_fingerprint_changes_total',
    'count',
    [...trail, 'object'],
    'Changes seen in triggers, in audit functions, and in the audit table itself with what the writer made around it.',
    { values: { object: ['trigger', 'function', 'log'] } },
  ),
  counterMismatch: gauge(
    'audit_trail_counter_residual',
    'count',
    [...trail, 'invariant'],
    'Difference of two counters that must be equal in this statistics epoch.',
    { values: { invariant: auditInvariants } },
  ),
  unaccounted: gauge(
    'audit_trail_unaccounted_changes',
    'count',
    unaccounted,
    'Changes that only counters show and that exact checks neither confirmed nor explained; until a person declares a baseline.',
    { values: unaccountedValues },
  ),
  unaccountedTotal: counter(
    'audit_trail_unaccounted_changes_total',
    'count',
    unaccounted,
    'The same, of all time: neither a declaration nor a restart lowers it.',
    { values: unaccountedValues },
  ),
  orphanedFaults: gauge(
    'audit_trail_orphaned_faults',
    'count',
    ['state'],
    'Faults in the kept state of a trail that the description does not name any more, by its name; until they are declared.',
  ),
  epochChanges: counter(
    'audit_trail_epoch_changes_total',
    'count',
    [...trail, 'reason'],
    'Starts of a new statistics epoch.',
    { values: { reason: epochReasons } },
  ),
  tableState: gauge(
    'audit_trail_table_state',
    'boolean',
    [...table, 'state'],
    'State of the table: exactly one is 1.',
    { values: { state: auditTableStates } },
  ),
  missing: counter('audit_trail_missing_events_total', 'count', operation, 'Confirmed changes without a record.', {
    values: operations,
  }),
  unexplained: counter(
    'audit_trail_unexplained_events_total',
    'count',
    operation,
    'Confirmed records without a change.',
    { values: operations },
  ),
  continuityBreaks: counter(
    'audit_trail_continuity_breaks_total',
    'count',
    table,
    'Records whose old image is not the previous new image of the same row.',
  ),
  replayMismatches: gauge(
    'audit_trail_replay_mismatches',
    'count',
    [...table, 'kind'],
    'Rows whose last image is not the live row, in the last full scan.',
    { values: { kind: replayKinds } },
  ),
  replayProgress: gauge('audit_trail_replay_progress_ratio', 'ratio', table, 'How far the present full scan is.'),
  replayEnd: gauge(
    'audit_trail_replay_timestamp_seconds',
    'timestamp',
    table,
    'When the last full scan of the table ended; 0 before the first.',
  ),
  completeness: gauge(
    'audit_trail_completeness_ratio',
    'ratio',
    table,
    'Recorded share of the changes of this statistics epoch; absent when unknown.',
  ),
  attributionMissing: counter(
    'audit_trail_attribution_missing_total',
    'count',
    [...trail, 'field'],
    'Records without a required field.',
  ),
  actors: counter(
    'audit_trail_actor_records_total',
    'count',
    [...trail, 'kind'],
    'Records by kind of actor; unresolved, where actors are looked up, are those that name nobody who is listed.',
    { values: { kind: ['human', 'machine', 'shared', 'none', 'unresolved'] } },
  ),
  timeViolations: counter(
    'audit_trail_time_violations_total',
    'count',
    [...trail, 'kind'],
    'Records whose time cannot be right.',
    { values: { kind: ['future', 'backdated'] } },
  ),
  clockOffset: gauge('audit_trail_clock_offset_seconds', 'seconds', trail, "The database's clock less the observer's."),
  clockSkewLimit: gauge(
    'audit_trail_clock_skew_limit_seconds',
    'seconds',
    trail,
    'Difference of clocks that is no finding, as described.',
  ),
  identityBreaks: counter(
    'audit_trail_identity_breaks_total',
    'count',
    [...trail, 'kind'],
    'Breaks in the continuity of ids.',
    { values: { kind: identityKinds } },
  ),
  writeLag: histogram(
    'audit_trail_write_lag_seconds',
    'seconds',
    trail,
    'From the change to its record; zero by construction for triggers.',
    { bounds: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300] },
  ),
  watermarkLag: gauge(
    'audit_trail_watermark_lag_seconds',
    'seconds',
    trail,
    'Age of the oldest transaction that may still add records.',
  ),
  records: counter('audit_trail_records_total', 'count', [...operation], 'Records read.', { values: operations }),
  retentionOldest: gauge(
    'audit_trail_retention_oldest_timestamp_seconds',
    'timestamp',
    trail,
    'Time of the oldest record, archive included.',
  ),
  retentionViolations: gauge(
    'audit_trail_retention_violations',
    'count',
    [...trail, 'kind'],
    'Ways in which retention is broken.',
    { values: { kind: ['disposed_early', 'partition_gap'] } },
  ),
  bypassRoles: gauge(
    'audit_trail_bypass_roles',
    'count',
    [...trail, 'exposure'],
    'Roles that could change data or records unseen.',
    { values: { exposure: exposureKinds } },
  ),
  readers: gauge(
    'audit_trail_readers',
    'count',
    [...trail, 'reading'],
    'Roles that may read the audit records, by whether their reading is recorded.',
    { values: { reading: readerKinds } },
  ),
  exported: counter(
    'audit_trail_exported_records_total',
    'count',
    trail,
    'Records that were read as an export reads them, and parsed, over and over from the oldest.',
  ),
  unreadable: gauge(
    'audit_trail_unreadable_records',
    'count',
    [...trail, 'part'],
    'Records that an export cannot make sense of, in the last whole pass or in this one.',
    { values: { part: recordParts } },
  ),
  readableTime: gauge(
    'audit_trail_readability_timestamp_seconds',
    'timestamp',
    trail,
    'When the last whole pass over all records ended; 0 before the first.',
  ),
  unlogged: gauge(
    'audit_trail_unlogged_relations',
    'count',
    trail,
    'Audited tables, audit tables and partitions of both that a crash empties, because they are UNLOGGED.',
  ),
  evidenceState: gauge(
    'audit_trail_evidence_state',
    'boolean',
    [...trail, 'source', 'state'],
    'State of each source of evidence: exactly one is 1.',
    { values: { source: evidenceSources, state: evidenceStates } },
  ),
  pollInterval: gauge(
    'audit_trail_look_interval_seconds',
    'seconds',
    trail,
    'Time between the starts of two polls of the trail: runs of the fast checks.',
  ),
  confirmInterval: gauge(
    'audit_trail_confirm_interval_seconds',
    'seconds',
    trail,
    'Time between the starts of two rounds of exact checks.',
  ),
  lastCheck: gauge(
    'audit_trail_last_check_timestamp_seconds',
    'timestamp',
    [...trail, 'check'],
    'When the check last ended with a result; 0 before the first.',
  ),
  checkDuration: gauge(
    'audit_trail_check_duration_seconds',
    'seconds',
    [...trail, 'check'],
    'Time that the check last took.',
  ),
  sealLag: gauge(
    'audit_trail_seal_lag_seconds',
    'seconds',
    trail,
    'Age of the oldest record that no checkpoint covers; 0 when all are sealed.',
  ),
  sealInterval: gauge(
    'audit_trail_seal_interval_seconds',
    'seconds',
    trail,
    'Time between two checkpoints of the trail.',
  ),
  checkpointSize: gauge('audit_trail_checkpoint_size', 'count', trail, 'Records under the newest checkpoint.'),
  checkpointTime: gauge(
    'audit_trail_checkpoint_timestamp_seconds',
    'timestamp',
    trail,
    'When the newest checkpoint was made.',
  ),
  anchorTime: gauge(
    'audit_trail_anchor_timestamp_seconds',
    'timestamp',
    [...trail, 'anchor'],
    'When the newest checkpoint reached this anchor; 0 before the first.',
  ),
  verificationFailures: gauge(
    'audit_trail_verification_failures',
    'count',
    [...trail, 'kind'],
    'Failed verifications that are open: none of them was found in order since.',
    { values: { kind: verificationKinds } },
  ),
  verified: gauge(
    'audit_trail_verified_ratio',
    'ratio',
    trail,
    'Share of sealed records re-verified within the promised time.',
  ),
  oldestVerification: gauge(
    'audit_trail_oldest_verification_timestamp_seconds',
    'timestamp',
    trail,
    'When the longest unverified chunk was last verified.',
  ),
  fullScanPeriod: gauge(
    'audit_trail_sweep_period_seconds',
    'seconds',
    [...trail, 'sweep'],
    'Projected time of a full scan at the present pace.',
    { values: { sweep: ['replay', 'verify'] } },
  ),
  disposed: gauge(
    'audit_trail_disposed_records',
    'count',
    trail,
    'Sealed records that were lawfully disposed of, by signed record.',
  ),
  witnessMismatch: gauge(
    'audit_trail_witness_residual',
    'count',
    operation,
    'Committed changes in the WAL less records, in the last witnessed range.',
    { values: operations },
  ),
  witnessRetained: gauge(
    'audit_trail_witness_retained_bytes',
    'bytes',
    trail,
    'Write-ahead log that the server keeps on its disk for the witness, until it is read.',
  ),
  witnessRetainedLimit: gauge(
    'audit_trail_witness_retained_limit_bytes',
    'bytes',
    trail,
    'Of that log the most that the server keeps before it gives the slot up (max_slot_wal_keep_size); infinite without a limit.',
  ),
  comparisonFindings: gauge(
    'audit_trail_comparison_findings',
    'count',
    [...trail, 'comparison', 'strength'],
    'Rows that a comparison of business tables found unlogged or orphaned.',
    { values: { strength: ['proof', 'hint'] } },
  ),
} as const;
