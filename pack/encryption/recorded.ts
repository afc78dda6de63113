import type { Recorded } from '../metrics/declare.js';
import { recorded } from '../metrics/record.js';
import type { Window } from '../metrics/window.js';

const provider = ['portal', 'provider'] as const;
const column = ['portal', 'table', 'column'] as const;

/** Values of `field_encryption:provider_state:code`. */
export const providerStates = { met: 1, atRisk: 2, noData: 3, broken: 4 } as const;

/** Values of `field_encryption:column_state:code`. */
export const columnStates = { encrypted: 1, partly: 2, notScanned: 3, exposed: 4 } as const;

/**
 * Counts are recorded first, ratios last, as for workflows. Round trips are left out: they would count both halves
 * twice.
 */
export const encryptionRecorded = {
  operations: (w: Window) =>
    recorded(
      `field_encryption:sla_operations:increase${w}`,
      'count',
      provider,
      `Encryptions and decryptions in the last ${w}.`,
    ),
  missed: (w: Window) =>
    recorded(
      `field_encryption:sla_missed:increase${w}`,
      'count',
      provider,
      `Encryptions and decryptions that failed or missed the SLA in the last ${w}; 0 when none did.`,
    ),
  errorRatio: (w: Window) =>
    recorded(
      `field_encryption:sla_error:ratio${w}`,
      'ratio',
      provider,
      `Share of encryptions and decryptions that failed or missed the SLA in the last ${w}; absent when there were none.`,
    ),
  operationsSlice: recorded(
    'field_encryption:sla_operations:slice5m',
    'count',
    provider,
    'Encryptions and decryptions in each five minutes, for the long windows.',
  ),
  missedSlice: recorded(
    'field_encryption:sla_missed:slice5m',
    'count',
    provider,
    'Encryptions and decryptions that failed or missed the SLA in each five minutes, for the long windows.',
  ),
  errorBudget: recorded(
    'field_encryption:sla_error_budget:ratio',
    'ratio',
    provider,
    'Share of operations that may fail or miss the SLA.',
  ),
  lastSeen: recorded(
    'field_encryption:last_seen:timestamp_seconds',
    'timestamp',
    [...provider, 'kind', 'title', 'team', 'job', 'instance'],
    'When the provider was last scraped. Kept for an hour, and for as long as its target is configured but down.',
  ),
  identity: recorded(
    'field_encryption:identity:info',
    'info',
    [...provider, 'kind', 'title', 'team'],
    'One series per provider, for joins that add its kind and team; the value is always 1.',
  ),
  lastProbe: recorded(
    'field_encryption:last_probe:timestamp_seconds',
    'timestamp',
    provider,
    'When the last round of the probe ended or, before the first, when the configuration was loaded.',
  ),
  state: recorded(
    'field_encryption:provider_state:code',
    'count',
    provider,
    'State of the provider: 1 met, 2 at risk, 3 no data, 4 broken.',
  ),
  columnState: recorded(
    'field_encryption:column_state:code',
    'count',
    column,
    'State of the column: 1 encrypted, 2 partly unreadable, 3 not scanned, 4 exposed (plaintext or a reused nonce).',
  ),
} as const;

/** All of them, for the given burn-rate windows. */
export function recordedOfEncryption(windows: readonly Window[]): readonly Recorded[] {
  const { operations, missed, errorRatio, ...fixed } = encryptionRecorded;
  return [...windows.flatMap((w) => [operations(w), missed(w), errorRatio(w)]), ...Object.values(fixed)];
}
