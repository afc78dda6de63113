import type { Scenario } from './faults/scenario.js';

/** A scripted sequence of faults, as data. Times are seconds of the script; a speed factor shortens it. */
export const badAfternoon: Scenario = {
  name: 'bad-afternoon',
  description:
    'A slow analytics page grows into a locked table, refused logins and a database outage, then the audit trail is tampered with, encryption goes wrong, registers show what was missed, and all heals.',
  endsAtSeconds: 9_300,
  steps: [
    { atSeconds: 0, phase: 'calm', actions: [] },
    {
      atSeconds: 300,
      phase: 'month-end reports slow the analytics page',
      actions: [
        {
          set: {
            id: 'slow-analytics',
            kind: 'latency',
            route: '/api/analytics/*',
            params: { distribution: 'lognormal', medianMs: 1_600, sigma: 0.4, seed: 7 },
          },
        },
      ],
    },
    {
      atSeconds: 900,
      phase: 'the client list sometimes comes back empty, with status 200',
      actions: [
        {
          set: {
            id: 'empty-list',
            kind: 'ok_with_error',
            route: '*/bulk_client_data_optimized',
            probability: 0.2,
            params: { message: 'Query timeout - system under heavy load' },
          },
        },
      ],
    },
    {
      atSeconds: 1_500,
      phase: 'somebody alters a table and leaves the transaction open',
      actions: [{ set: { id: 'open-transaction', kind: 'table_lock', params: { table: 'client_groups' } } }],
    },
    { atSeconds: 1_740, phase: 'the transaction is found and ended', actions: [{ clear: 'open-transaction' }] },
    {
      atSeconds: 2_100,
      phase: 'logins are refused',
      actions: [{ set: { id: 'no-logins', kind: 'login_refused', probability: 0.7 } }],
    },
    { atSeconds: 2_700, phase: 'the database is down', actions: [{ set: { id: 'outage', kind: 'database_down' } }] },
    {
      atSeconds: 2_880,
      phase: 'the database is back, everybody has to sign in again',
      actions: [
        { clear: 'outage' },
        { clear: 'no-logins' },
        { clear: 'empty-list' },
        { set: { id: 'signed-out', kind: 'token_expiry' } },
      ],
    },
    {
      atSeconds: 3_300,
      phase: 'a tired network drops and drips',
      actions: [
        { set: { id: 'drops', kind: 'connection_reset', probability: 0.05 } },
        { set: { id: 'drips', kind: 'slow_drip', probability: 0.1, params: { bytesPerSecond: 20_000 } } },
      ],
    },
    {
      atSeconds: 3_480,
      phase: 'a migration switches an audit trigger off',
      actions: [{ set: { id: 'trigger-off', kind: 'audit_trigger_disabled' }, ifPossible: true }],
    },
    {
      atSeconds: 3_660,
      phase: 'it is on again, and somebody changes a client past the trail',
      actions: [
        { clear: 'trigger-off' },
        { set: { id: 'past-the-trail', kind: 'unaudited_change' }, ifPossible: true },
      ],
    },
    {
      atSeconds: 3_840,
      phase: 'somebody covers it up: one audit record is rewritten, another is gone',
      actions: [
        { set: { id: 'rewritten', kind: 'audit_record_rewritten' }, ifPossible: true },
        { set: { id: 'record-gone', kind: 'audit_row_deleted' }, ifPossible: true },
      ],
    },
    {
      atSeconds: 4_020,
      phase: 'the trail stays broken until a person has looked into it',
      actions: [{ clear: 'past-the-trail' }, { clear: 'rewritten' }, { clear: 'record-gone' }],
    },
    {
      atSeconds: 4_200,
      phase: 'recovering: only the analytics page is still slow',
      actions: [{ clear: 'drops' }, { clear: 'drips' }, { clear: 'signed-out' }],
    },
    { atSeconds: 4_800, phase: 'calm again', actions: [{ clear: 'slow-analytics' }] },
    {
      atSeconds: 5_100,
      phase: 'the key service is slow, then away',
      actions: [{ set: { id: 'slow-keys', kind: 'key_service_slow', params: { ms: 40 } } }],
    },
    {
      atSeconds: 5_400,
      phase: 'the key service does not answer',
      actions: [{ clear: 'slow-keys' }, { set: { id: 'no-keys', kind: 'key_service_unavailable' } }],
    },
    {
      atSeconds: 5_700,
      phase: 'a release forgets to encrypt one form',
      actions: [{ clear: 'no-keys' }, { set: { id: 'plain-text', kind: 'plaintext_written', params: { rows: 3 } } }],
    },
    {
      atSeconds: 6_300,
      phase: 'a nonce is used twice, and two people get each other’s NI number',
      actions: [
        { clear: 'plain-text' },
        { set: { id: 'nonce-twice', kind: 'nonce_reused' } },
        { set: { id: 'wrong-row', kind: 'ciphertext_swapped' } },
      ],
    },
    {
      atSeconds: 6_900,
      phase: 'the rotation that should mend it stalls',
      actions: [
        { clear: 'wrong-row' },
        { clear: 'nonce-twice' },
        { set: { id: 'half-rotated', kind: 'rotation_stalled', params: { ageDays: 40 } } },
      ],
    },
    {
      atSeconds: 7_800,
      phase: 'rotated; last night’s backup failed, and a breach waits for its report',
      actions: [
        { clear: 'half-rotated' },
        { set: { id: 'no-backup', kind: 'backup_missed' }, ifPossible: true },
        { set: { id: 'breach', kind: 'breach_open', params: { hours: 60 } }, ifPossible: true },
      ],
    },
    {
      atSeconds: 8_100,
      phase: 'a request for access is overdue, and the register of complaints cannot be read',
      actions: [
        { set: { id: 'request', kind: 'request_overdue' }, ifPossible: true },
        { set: { id: 'register-gone', kind: 'register_missing' }, ifPossible: true },
      ],
    },
    {
      atSeconds: 8_700,
      phase: 'answered, reported, backed up, and calm',
      actions: [{ clear: 'no-backup' }, { clear: 'breach' }, { clear: 'request' }, { clear: 'register-gone' }],
    },
  ],
};
