import { encryptionMetrics as m } from '../../../../pack/encryption/metrics.js';
import { type Difference, type DrawnPhase, type Lines, seriesLine as of } from '../../tests/draw.js';

const portal = { portal: 'kingston' } as const;
const provider = { ...portal, provider: 'vault' } as const;
const column = { ...portal, table: 'public.product_owners', column: 'ni_number' } as const;
const key = { ...portal, key: 'restricted-fields' } as const;
const record = { ...portal, source: 'encryption_audit_log' } as const;

/** As an alert that belongs to whoever runs the exporter has it. */
export const ofOurs = provider;
export const providerLabels = { ...provider, team: 'security' } as const;
/** The team of these stands in the rule. */
export const [ofColumn, ofKey, ofRecord] = [column, key, record];

const day = 86_400;

const rows = (state: string, healthy: number) => of(m.rows, { ...column, state }, healthy);
const operations = (operation: string, outcome: string, healthy: number) =>
  of(m.operations, { ...provider, operation, outcome }, healthy);

const gauges = {
  info: of(m.info, { ...provider, kind: 'transit', title: 'OpenBao', team: 'security' }, 1),
  slaTarget: of(m.slaTarget, provider, 0.01),
  objective: of(m.slaObjective, provider, 0.99),
  probeInterval: of(m.probeInterval, provider, 15),
  scanInterval: of(m.scanInterval, column, 21_600),
  up: of(m.up, provider, 1),
  credentialEnds: of(m.credentialExpiry, provider, 90 * day),
  credentialLifetime: of(m.credentialLifetime, provider, 32 * day),
  roundTrip: of(m.selfTest, { ...provider, test: 'round_trip' }, 1),
  wrongAad: of(m.selfTest, { ...provider, test: 'wrong_aad' }, 1),
  ownFault: of(m.ownFault, { ...provider, reason: 'proxy' }, 0),
  latenessFault: of(m.ownFault, { ...provider, reason: 'event-loop' }, 0),
  canariesLost: of(m.canariesLost, provider, 0),
  encrypted: rows('encrypted', 5_000),
  plaintext: rows('plaintext_suspect', 0),
  malformed: rows('malformed', 0),
  unknownVersion: rows('unknown_version', 0),
  revokedVersion: rows('revoked_version', 0),
  wrapped: rows('wrapped', 0),
  nonces: of(m.nonceReuseRows, column, 0),
  copies: of(m.ciphertextCopies, column, 0),
  repeatsExpected: of(m.repeatsExpected, column, 0),
  keySource: of(m.keySourceUp, key, 1),
  progress: of(m.reencryption, column, 1),
  newestRows: of(m.keyVersionRows, { ...column, version: 'v3' }, 5_000),
  oldRows: of(m.keyVersionRows, { ...column, version: 'v2' }, 0),
  unversionedRows: of(m.keyVersionRows, { ...column, version: 'other' }, 0),
  scanUp: of(m.scanUp, column, 1),
  rotated: of(m.keyRotated, key, 0),
  due: of(m.keyRotationDue, key, 90 * day),
  invocations: of(m.keyInvocations, key, 0.01),
  ownFailures: of(m.portalFailures, { ...record, operation: 'decrypt' }, 0),
  refusedAccesses: of(m.portalFailures, { ...record, operation: 'access' }, 0),
  timings: of(m.portalSourceUp, record, 1),
};

const counters = {
  met: operations('encrypt', 'met', 80),
  missed: operations('encrypt', 'missed', 0),
  failed: operations('decrypt', 'failed', 0),
  roundTripsMissed: operations('round_trip', 'missed', 0),
  undecided: of(m.undecided, provider, 0),
  ownFaults: of(m.uncertain, { ...provider, operation: 'encrypt', reason: 'proxy' }, 0),
  latenesses: of(m.uncertain, { ...provider, operation: 'encrypt', reason: 'event-loop' }, 0),
  integrity: of(m.errors, { ...provider, operation: 'decrypt', reason: 'integrity' }, 0),
  timeouts: of(m.errors, { ...provider, operation: 'decrypt', reason: 'timeout' }, 0),
};

const clocks = {
  probe: of(m.probeTime, provider),
  roundTripMade: of(m.selfTestTime, { ...provider, test: 'round_trip' }),
  wrongAadMade: of(m.selfTestTime, { ...provider, test: 'wrong_aad' }),
  scan: of(m.scanTime, column),
};

type G = keyof typeof gauges;
type C = keyof typeof counters;
type T = keyof typeof clocks;
export type EncryptionDifference = Difference<G, C, T>;
export type EncryptionPhase = DrawnPhase<G, C, T>;

export const encryptionLines: Lines<G, C, T> = { exporter: 'encryption', gauges, counters, clocks };

/** As with a hardened `s2k-count`: everything works, and nothing is in time. */
export const allSlow: EncryptionDifference = { perMinute: { met: 0, missed: 80 } };

/** What a scan finds of a column, by its rows under the newest key version and under the one before. */
export const rowsUnder = (newestRows: number, oldRows: number) =>
  ({ set: { newestRows, oldRows, progress: newestRows / (newestRows + oldRows) } }) as const;

export const isDown: EncryptionDifference = {
  set: { up: 0, roundTrip: 'gone', wrongAad: 'gone' },
  perMinute: { met: 0, failed: 8, timeouts: 8 },
  clocks: { roundTripMade: 'stopped', wrongAadMade: 'stopped' },
};

/** A fault of ours, and nothing gets through: nobody knows whether the provider works. */
export const isBarred: EncryptionDifference = {
  set: { up: 'gone', ownFault: 1, roundTrip: 'gone', wrongAad: 'gone' },
  perMinute: { met: 0, ownFaults: 4 },
  clocks: { roundTripMade: 'stopped', wrongAadMade: 'stopped' },
};
