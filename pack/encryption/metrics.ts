import { counter, gauge, histogram } from '../metrics/declare.js';
import { uncertainReasons } from '../portal/outcomes.js';

export const encryptionOperations = ['encrypt', 'decrypt', 'round_trip', 'data_key'] as const;
export type EncryptionOperation = (typeof encryptionOperations)[number];

/** `cold`: the data key had to be fetched first. */
export const keyTemperatures = ['warm', 'cold'] as const;

export const encryptionErrors = ['timeout', 'unavailable', 'auth', 'integrity', 'throttled', 'protocol'] as const;
export type EncryptionError = (typeof encryptionErrors)[number];

/** Faults of the exporter or of its set-up. `library`: a library that must be loaded here cannot be loaded. */
export const encryptionUncertain = [...uncertainReasons, 'library'] as const;
export type EncryptionUncertain = (typeof encryptionUncertain)[number];

export const selfTests = [
  'round_trip',
  'tamper_ciphertext',
  'tamper_tag',
  'wrong_aad',
  'wrong_key',
  'truncated',
  'replayed_other_row',
  'plaintext_hidden',
  'ciphertexts_unrelated',
  'nonce_unique',
  'old_version_decrypts',
  'revoked_version_fails',
  'aged_1d',
  'aged_7d',
  'aged_90d',
  'aged_versions',
] as const;
export type SelfTest = (typeof selfTests)[number];

/** Self-tests that decrypt what was encrypted long ago. */
export const agedTests = ['aged_1d', 'aged_7d', 'aged_90d', 'aged_versions'] as const satisfies readonly SelfTest[];

export const ciphertextStates = [
  'encrypted',
  'plaintext_suspect',
  'malformed',
  'wrapped',
  'unknown_version',
  'undecided_version',
  'revoked_version',
  'null',
] as const;
export type CiphertextState = (typeof ciphertextStates)[number];

/** One bound exactly at 10 ms, the promise; the rest from what local AES takes to what a slow key service takes. */
export const operationBounds = [
  5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
] as const;

/**
 * The longest pause before the next round for a provider that is down. It is here because two parts must agree on it:
 * the alerts for missing rounds wait for longer than this.
 */
export const longestProbePauseSeconds = 300;

const provider = ['portal', 'provider'] as const;
const operation = [...provider, 'operation', 'size', 'key_temperature'] as const;
const column = ['portal', 'table', 'column'] as const;
const operationValues = { operation: encryptionOperations };

export const encryptionMetrics = {
  info: gauge(
    'field_encryption_provider_info',
    'info',
    [...provider, 'kind', 'title', 'team'],
    'Identity of the provider; the value is always 1.',
  ),
  duration: histogram(
    'field_encryption_operation_duration_seconds',
    'seconds',
    operation,
    'Duration of one operation on a canary key; disturbed operations are left out.',
    {
      bounds: operationBounds,
      values: { ...operationValues, key_temperature: keyTemperatures },
    },
  ),
  operations: counter(
    'field_encryption_operations_total',
    'count',
    [...provider, 'operation', 'outcome'],
    'Operations counted against the SLA; a failed operation counts as missed.',
    {
      values: { ...operationValues, outcome: ['met', 'missed', 'failed'] },
    },
  ),
  uncertain: counter(
    'field_encryption_operations_uncertain_total',
    'count',
    [...provider, 'operation', 'reason'],
    'Operations that failed because of a fault of the exporter or of its set-up. They count neither as met, nor as missed, nor as failed.',
    {
      values: { ...operationValues, reason: encryptionUncertain },
    },
  ),
  ownFault: gauge(
    'field_encryption_own_fault',
    'boolean',
    [...provider, 'reason'],
    'Whether a fault of the exporter or of its set-up ended an operation of the last round.',
    { values: { reason: encryptionUncertain } },
  ),
  slaTarget: gauge('field_encryption_sla_target_seconds', 'seconds', provider, 'Promised duration of one operation.'),
  slaObjective: gauge(
    'field_encryption_sla_objective_ratio',
    'ratio',
    provider,
    'Promised share of operations that meet the SLA.',
  ),
  up: gauge(
    'field_encryption_provider_up',
    'boolean',
    provider,
    'Whether at least one encryption and its decryption succeeded in the last round of the probe. A round that failed only because of a fault of the exporter changes nothing: 0 stays until a later round succeeds, and 1 stays for three rounds. Absent while the state is unknown.',
  ),
  credentialExpiry: gauge(
    'field_encryption_credential_expiry_timestamp_seconds',
    'timestamp',
    provider,
    'When the token or password for the provider expires. Absent where it does not expire, or where the exporter has no permission to read the expiry.',
  ),
  credentialLifetime: gauge(
    'field_encryption_credential_lifetime_seconds',
    'seconds',
    provider,
    'Lifetime for which that token was issued. Absent where the provider does not report it, for example for a password.',
  ),
  bindsContext: gauge(
    'field_encryption_provider_binds_context',
    'boolean',
    provider,
    'Whether the configuration states that a ciphertext can be decrypted in its own row only. Where it is 0, a ciphertext that is moved to another row can be decrypted there, and no self-test covers this.',
  ),
  errors: counter(
    'field_encryption_errors_total',
    'count',
    [...provider, 'operation', 'reason'],
    'Failed operations by reason. Integrity failures have reasons of their own, separate from availability.',
    {
      values: { ...operationValues, reason: encryptionErrors },
    },
  ),
  selfTest: gauge(
    'field_encryption_self_test_success',
    'boolean',
    [...provider, 'test'],
    'Whether the self-test passed when it was last due: in the last round or, if it changes versions of a transit key, within the last hour. Absent when it could not run.',
    {
      values: { test: selfTests },
    },
  ),
  selfTestTime: gauge(
    'field_encryption_self_test_timestamp_seconds',
    'timestamp',
    [...provider, 'test'],
    'When the self-test last passed or failed. Absent for a self-test that could never run; 0 for round_trip before its first run.',
    {
      values: { test: selfTests },
    },
  ),
  canariesLost: gauge(
    'field_encryption_canaries_lost',
    'boolean',
    provider,
    'Whether the record of aged canaries is damaged or lost, so that it is unknown whether older ciphertexts can still be decrypted. 1 until a person acknowledges it, or until a new record is 90 days old.',
  ),
  probeInterval: gauge(
    'field_encryption_probe_interval_seconds',
    'seconds',
    provider,
    'Time between the starts of two rounds of the probe.',
  ),
  probeTime: gauge(
    'field_encryption_probe_timestamp_seconds',
    'timestamp',
    provider,
    'When the last round of the probe ended; 0 before the first.',
  ),
  tainted: counter(
    'field_encryption_tainted_total',
    'count',
    provider,
    'Operations that the exporter itself disturbed; they are discarded from the histogram. Causes: garbage collection, a late event loop, or a thread that waited for a processor.',
  ),
  undecided: counter(
    'field_encryption_undecided_total',
    'count',
    provider,
    'Disturbed operations that exceeded the SLA, but perhaps only because of the disturbance. They count neither as met nor as missed.',
  ),
  rows: gauge(
    'field_encryption_rows',
    'count',
    [...column, 'state'],
    'Rows by state in the last complete scan of the column.',
    { values: { state: ciphertextStates } },
  ),
  keyVersionRows: gauge(
    'field_encryption_key_version_rows',
    'count',
    [...column, 'version'],
    'Rows by key version in the last complete scan: the ten newest versions, and other.',
  ),
  reencryption: gauge(
    'field_encryption_reencryption_progress_ratio',
    'ratio',
    column,
    'Share of encrypted rows under the newest key version.',
  ),
  keyRotated: gauge(
    'field_encryption_key_rotated_timestamp_seconds',
    'timestamp',
    ['portal', 'key'],
    'When the key was last rotated.',
  ),
  keyRotationDue: gauge(
    'field_encryption_key_rotation_due_timestamp_seconds',
    'timestamp',
    ['portal', 'key'],
    'When the key is due to be rotated.',
  ),
  keySourceUp: gauge(
    'field_encryption_key_source_up',
    'boolean',
    ['portal', 'key'],
    'Whether the versions and the age of the key could be read when they were last asked for.',
  ),
  keyInvocations: gauge(
    'field_encryption_key_invocations_ratio',
    'ratio',
    ['portal', 'key'],
    'Encryptions under the current key version as a share of 2^32.',
  ),
  nonceReuse: counter(
    'field_encryption_nonce_reuse_total',
    'count',
    column,
    'Rows that were found with the same nonce and key version as another row but a different ciphertext: the key is compromised.',
  ),
  nonceReuseRows: gauge(
    'field_encryption_nonce_reuse_rows',
    'count',
    column,
    'Rows that share a nonce and a key version but not the ciphertext, in the last complete scan of the column.',
  ),
  ciphertextCopies: gauge(
    'field_encryption_ciphertext_copies',
    'count',
    column,
    'Rows whose ciphertext is identical to that of another row.',
  ),
  repeatsExpected: gauge(
    'field_encryption_repeats_expected',
    'boolean',
    column,
    'Whether identical ciphertexts are expected in the column: it is declared deterministic, or holds audit images of rows.',
  ),
  scanInterval: gauge(
    'field_encryption_scan_interval_seconds',
    'seconds',
    column,
    'Time between the starts of two scans of the column.',
  ),
  scanTime: gauge(
    'field_encryption_scan_timestamp_seconds',
    'timestamp',
    column,
    'When the last complete scan of the column ended; 0 before the first.',
  ),
  scanProgress: gauge('field_encryption_scan_progress_ratio', 'ratio', column, 'Progress of the current scan.'),
  scanUp: gauge(
    'field_encryption_scan_up',
    'boolean',
    column,
    'Whether the scanner could read the column when it last tried.',
  ),
  portalOperations: gauge(
    'field_encryption_portal_operations',
    'count',
    ['portal', 'source', 'operation'],
    'Operations that the portal itself recorded in the last day.',
  ),
  portalFailures: gauge(
    'field_encryption_portal_failures',
    'count',
    ['portal', 'source', 'operation'],
    'Operations that the portal itself recorded as failed in the last 15 minutes, or today if its table has one row per day.',
  ),
  portalDuration: gauge(
    'field_encryption_portal_duration_seconds',
    'seconds',
    ['portal', 'source', 'operation', 'statistic'],
    'Durations that the portal itself recorded in the last day: a second source, not measured by the exporter.',
    {
      values: { statistic: ['average', 'max', 'p95'] },
    },
  ),
  portalSourceUp: gauge(
    'field_encryption_portal_source_up',
    'boolean',
    ['portal', 'source'],
    'Whether this table of the portal could be read.',
  ),
} as const;
