/**
 * Each fault of the demo portal's encryption, seen by the whole exporter: a real portal, a real database, and the
 * compiled program with its probe, its scanner and its reader of the portal's own record.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { RuleInput } from '../../../demo/portal/index.js';
import { type EncryptionWorld, PROMISED_MS, startEncryptionWorld } from '../../support/encryption/demo-exporter.js';
import { run } from '../../support/encryption/scanning.js';

let world: EncryptionWorld;

beforeAll(async () => {
  world = await startEncryptionWorld();
}, 90_000);

afterEach(async () => {
  await world.portal.faults.clear();
  // What the portal wrote down while it ailed stays true for a quarter of an hour; the next test cannot wait for that.
  await run(world.server.adminUrl, 'delete from phase_2.encryption_audit_log where not success');
});

afterAll(() => world?.close());

const counters = /^(errors_total|operations_total\{.*outcome="(missed|failed)"|nonce_reuse_total)/;

/** Series that tell of something wrong: counters that have grown since, and gauges that are not as they should be. */
async function wrong(since: ReadonlyMap<string, number>): Promise<string[]> {
  const nowSeconds = Date.now() / 1000;
  return [...(await world.series())]
    .filter(
      ([name, value]) =>
        (counters.test(name) && value > (since.get(name) ?? 0)) ||
        (/state="(plaintext_suspect|malformed|wrapped|unknown_version|undecided_version|revoked_version)"/.test(name) &&
          value > 0) ||
        (/^(nonce_reuse_rows|portal_failures|ciphertext_copies)\b/.test(name) && value > 0) ||
        (/^(reencryption_progress_ratio|\w+_up|self_test_success)\b/.test(name) && value < 1) ||
        (/^key_rotation_due_/.test(name) && value < nowSeconds),
    )
    .map(([name]) => name)
    .sort();
}

async function isWell(): Promise<ReadonlyMap<string, number>> {
  return vi.waitFor(
    async () => {
      const found = await world.series();
      expect(await wrong(found)).toEqual([]);
      expect(found.get('self_test_success{provider="portal",test="replayed_other_row"}')).toBe(1);
      expect([...found.keys()].filter((name) => name.startsWith('rows{')).length).toBe(32);
      return found;
    },
    { timeout: 40_000, interval: 250 },
  );
}

const details = 'table="phase_2.product_owner_details",column';
const images = 'table="phase_2.product_owner_details_audit",column="new_row.ni_number"';
const ofPortal = (name: string, operations: readonly string[], last: string) =>
  operations.map((operation) => `${name}{provider="portal",operation="${operation}",${last}}`);

const faults: readonly (readonly [RuleInput, readonly string[]])[] = [
  [
    { kind: 'plaintext_written' },
    [`rows{${details}="ni_number",state="plaintext_suspect"}`, `rows{${images},state="plaintext_suspect"}`],
  ],
  [{ kind: 'nonce_reused' }, [`nonce_reuse_rows{${details}="ni_number"}`, `nonce_reuse_total{${details}="ni_number"}`]],
  [
    { kind: 'rotation_stalled', params: { ageDays: 40 } },
    [
      'key_rotation_due_timestamp_seconds{key="client-fields"}',
      ...['dob', 'ni_number', 'phone'].map((field) => `reencryption_progress_ratio{${details}="${field}"}`),
    ],
  ],
  [
    { kind: 'key_service_slow', params: { ms: PROMISED_MS + 100 } },
    ofPortal('operations_total', ['encrypt', 'decrypt', 'round_trip'], 'outcome="missed"'),
  ],
  [
    { kind: 'key_service_unavailable' },
    [
      ...ofPortal('operations_total', ['encrypt', 'round_trip'], 'outcome="failed"'),
      ...ofPortal('errors_total', ['encrypt', 'round_trip'], 'reason="unavailable"'),
      'provider_up{provider="portal"}',
      // The portal's patrol cannot open anything either, and writes that down.
      'portal_failures{source="portal-log",operation="decrypt"}',
    ],
  ],
  // Each is whole and under the right key: only the portal, which may decrypt, can tell that it is somebody else's.
  [{ kind: 'ciphertext_swapped' }, ['portal_failures{source="portal-log",operation="decrypt"}']],
];

test.each(faults)(
  '$kind is visible where it should be and nowhere else, and passes',
  async (fault, expected) => {
    const since = await isWell();
    const { id } = await world.portal.faults.set(fault);
    await vi.waitFor(async () => expect(await wrong(since)).toEqual([...expected].sort()), {
      timeout: 40_000,
      interval: 250,
    });
    await world.portal.faults.clear([id]);
    await run(world.server.adminUrl, 'delete from phase_2.encryption_audit_log where not success');
    await isWell();
  },
  130_000,
);

test('no value and no secret is on a page, in the log or in a file of it', async () => {
  await world.portal.faults.set({ kind: 'plaintext_written' });
  await vi.waitFor(
    async () => {
      const found = await world.series();
      expect(found.get(`rows{${details}="ni_number",state="plaintext_suspect"}`)).toBe(1);
    },
    { timeout: 40_000, interval: 250 },
  );
  const shown = await world.outlets();
  for (const secret of [world.portal.probePassword, new URL(world.server.url).password]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown).not.toMatch(/QQ\d{6}C|01632 960/);
});
