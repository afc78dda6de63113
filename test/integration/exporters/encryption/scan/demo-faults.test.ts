import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { encryptionOverlayText } from '../../../../../demo/portal/encryption/overlay.js';
import { type DemoPortal, type RuleInput, startPortal } from '../../../../../demo/portal/index.js';
import { type PostgresServer, startPostgres } from '../../../../../demo/postgres/index.js';
import { createScanSource } from '../../../../../exporters/encryption/scan/index.js';
import type { EncryptionSource } from '../../../../../exporters/encryption/source.js';
import { Redactor, silentLogger } from '../../../../../exporters/runtime/log.js';
import { renderFamilies } from '../../../../../exporters/runtime/metrics/index.js';
import { wholeShard } from '../../../../../exporters/runtime/shard.js';
import type { StateKeeper } from '../../../../../exporters/runtime/state/index.js';
import { loadPack, shippedPackPath } from '../../../../../pack/index.js';
import { run } from '../../../../support/encryption/scanning.js';
import { stateIn } from '../../../../support/state.js';

let server: PostgresServer;
let portal: DemoPortal;
let source: EncryptionSource;
let state: StateKeeper;

beforeAll(async () => {
  server = await startPostgres();
  portal = await startPortal({
    passwordCost: 4,
    databaseUrl: server.url,
    databaseControl: { stop: () => server.stop('fast'), start: () => server.start() },
  });
  vi.stubEnv('KOP_TEST_SCAN_URL', server.url);
  const folder = mkdtempSync(join(tmpdir(), 'kop-demo-scan-'));
  const overlay = join(folder, 'overlay.yaml');
  const text = encryptionOverlayText({ databaseUrlEnv: 'KOP_TEST_SCAN_URL', stateDirectory: 'state', scanSeconds: 1 });
  writeFileSync(overlay, text);
  const pack = loadPack([shippedPackPath(), overlay], { requireSecrets: false });
  state = stateIn(join(folder, 'state'));
  source = createScanSource({
    log: silentLogger,
    redactor: new Redactor(),
    shard: wholeShard,
    state,
  });
  await source.configure(pack.encryption, pack);
  source.start();
  await vi.waitFor(() => expect(samples().size).toBeGreaterThan(60), { timeout: 30_000, interval: 100 });
}, 90_000);

afterEach(async () => {
  await portal.faults.clear();
  // What the portal wrote down while it ailed stays true for a quarter of an hour; the next test cannot wait for that.
  await run(server.adminUrl, 'delete from phase_2.encryption_audit_log where not success');
});

afterAll(async () => {
  await source?.stop();
  await state?.close();
  await portal?.close();
  await server?.close();
  vi.unstubAllEnvs();
});

const page = () => renderFamilies(source.families(), 'text');

/** Series by name and labels. */
function samples(): Map<string, number> {
  const lines = page().split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))] as const),
  );
}

/** Series that tell of something wrong, with more than zero, or less than one, of it. */
function wrong(): string[] {
  return [...samples()]
    .filter(
      ([name, value]) =>
        (/state="(plaintext_suspect|malformed|unknown_version)"/.test(name) && value > 0) ||
        (/_(nonce_reuse_rows|portal_failures|ciphertext_copies)\b/.test(name) && value > 0) ||
        (/_(reencryption_progress_ratio|scan_up|source_up)\b/.test(name) && value < 1) ||
        (/_rotation_due_/.test(name) && value < Date.now() / 1000),
    )
    .map(([name]) => name.replace('field_encryption_', '').replace('portal="kingston",', ''))
    .sort();
}

const details = 'table="phase_2.product_owner_details",column';
const images = 'table="phase_2.product_owner_details_audit",column="new_row.ni_number"';

test('a healthy portal has nothing wrong', async () => {
  await vi.waitFor(() => expect(wrong()).toEqual([]), { timeout: 10_000, interval: 100 });
  const found = samples();
  expect(found.get(`field_encryption_rows{portal="kingston",${details}="dob",state="encrypted"}`)).toBe(260);
  expect(found.get('field_encryption_key_source_up{portal="kingston",key="client-fields"}')).toBe(1);
  expect(page()).not.toMatch(/QQ\d{6}C|01632 960/);
  expect(JSON.stringify(source.sections())).not.toMatch(/QQ\d{6}C|01632 960/);
});

const faults: readonly (readonly [RuleInput, readonly string[]])[] = [
  [
    { kind: 'plaintext_written' },
    [`rows{${details}="ni_number",state="plaintext_suspect"}`, `rows{${images},state="plaintext_suspect"}`],
  ],
  [{ kind: 'nonce_reused' }, [`nonce_reuse_rows{${details}="ni_number"}`]],
  [
    { kind: 'rotation_stalled', params: { ageDays: 40 } },
    [
      'key_rotation_due_timestamp_seconds{key="client-fields"}',
      ...['dob', 'ni_number', 'phone'].map((field) => `reencryption_progress_ratio{${details}="${field}"}`),
    ],
  ],
];

test.each(faults)(
  '$kind is visible where it should be and nowhere else, and passes',
  async (fault, expected) => {
    await vi.waitFor(() => expect(wrong()).toEqual([]), { timeout: 40_000, interval: 100 });
    const { id } = await portal.faults.set(fault);
    await vi.waitFor(() => expect(wrong()).toEqual([...expected].sort()), { timeout: 40_000, interval: 100 });
    await portal.faults.clear([id]);
  },
  100_000,
);

test('swapped rows look right from outside; the portal itself records that they do not open', async () => {
  await portal.faults.set({ kind: 'ciphertext_swapped' });
  await vi.waitFor(() => expect(wrong()).toEqual(['portal_failures{source="portal-log",operation="decrypt"}']), {
    timeout: 40_000,
    interval: 100,
  });
}, 60_000);

test('a database that is gone takes the values with it, and brings them back', async () => {
  await portal.faults.set({ kind: 'database_down' });
  await vi.waitFor(
    () => {
      const found = [...samples()];
      expect(found.filter(([name]) => name.startsWith('field_encryption_rows'))).toEqual([]);
      expect(found.filter(([name]) => name.startsWith('field_encryption_scan_up')).map(([, up]) => up)).toEqual([
        0, 0, 0, 0,
      ]);
    },
    { timeout: 40_000, interval: 100 },
  );
  await portal.faults.clear();
  await vi.waitFor(() => expect(wrong()).toEqual([]), { timeout: 40_000, interval: 100 });
}, 90_000);

test('the canary routes bind what they encrypt, and show what ails the key service', async () => {
  const post = async (path: string, body: unknown, cookie = '') => {
    const startedAt = performance.now();
    const answer = await fetch(`${portal.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
    const json: unknown = await answer.json();
    return { answer, json, ms: performance.now() - startedAt };
  };
  const login = await post('/api/auth/login', { email: portal.probeEmail, password: portal.probePassword });
  const cookie = login.answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const plaintext = Buffer.from('canary').toString('base64');
  const encrypt = () => post('/api/encryption/canary/encrypt', { plaintext, context: 'row 1' }, cookie);
  const decrypt = (sealed: unknown, context: string) =>
    post('/api/encryption/canary/decrypt', { ...Object(sealed), context }, cookie);

  expect((await post('/api/encryption/canary/encrypt', { plaintext, context: 'row 1' })).answer.status).toBe(401);
  const { json: sealed } = await encrypt();
  expect((await decrypt(sealed, 'row 1')).json).toEqual({ plaintext });
  expect((await decrypt(sealed, 'row 2')).answer.status).toBe(422);
  expect(
    (await decrypt({ ciphertext: { ...Object(sealed).ciphertext, key_version: 'v9' } }, 'row 1')).answer.status,
  ).toBe(422);

  await portal.faults.set({ kind: 'key_service_slow', params: { ms: 150 } });
  expect((await encrypt()).ms).toBeGreaterThan(150);
  await portal.faults.clear();
  await portal.faults.set({ kind: 'key_service_unavailable' });
  expect((await encrypt()).answer.status).toBe(503);
  await portal.faults.clear();
  expect((await encrypt()).answer.status).toBe(200);

  const before = samples().get('field_encryption_key_rotated_timestamp_seconds{portal="kingston",key="client-fields"}');
  expect((await post('/api/encryption/keys/rotate', {}, cookie)).answer.status).toBe(200);
  await vi.waitFor(
    () =>
      expect(
        samples().get('field_encryption_key_rotated_timestamp_seconds{portal="kingston",key="client-fields"}'),
      ).toBeGreaterThan(before ?? 0),
    { timeout: 20_000, interval: 100 },
  );
}, 60_000);
