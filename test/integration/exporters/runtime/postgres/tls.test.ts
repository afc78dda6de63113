import { execFileSync } from 'node:child_process';
import { rmSync, truncateSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverIdentity } from '../../../../../demo/postgres/identity.js';
import type { PostgresServer } from '../../../../../demo/postgres/index.js';
import { SealSession } from '../../../../../exporters/audit-trail/seal/index.js';
import { DatabaseFunctionsProvider } from '../../../../../exporters/encryption/providers/pgcrypto.js';
import { ScanDatabase } from '../../../../../exporters/encryption/scan/database.js';
import { type DatabaseAccess, SecretText } from '../../../../../pack/index.js';
import {
  type AuditFixture,
  auditFixture,
  startAuditServer,
  type Watching,
  watch,
} from '../../../../support/audit-trail/fixture.js';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';

let server: PostgresServer;
let fixture: AuditFixture;
let ours: Certificate;
let caFile: string;
let otherCaFile: string;
const open: Watching[] = [];

beforeAll(async () => {
  server = await startAuditServer();
  ours = await authority();
  caFile = fileOf('ca.pem', ours.cert);
  otherCaFile = fileOf('other.pem', (await authority()).cert);
  await present(await certificate({ issuer: ours }));
  fixture = await auditFixture(server);
  await fixture.sql(
    `set app.actor = 'ann'; insert into accounts (name) select 'a' || i from generate_series(1, 2000) i`,
  );
});
afterEach(async () => {
  for (const watching of open.splice(0)) await watching.close();
});
afterAll(async () => {
  await fixture.close();
  await server.close();
});

/** What the server shows from now on to whoever connects with TLS. */
async function present({ key, cert }: Certificate): Promise<void> {
  const identity = serverIdentity();
  for (const [name, text] of [
    ['server.key', key],
    ['server.crt', cert],
    ['clients.crt', ours.cert],
  ] as const) {
    const path = join(server.dataDir, name);
    await writeFile(path, text, { mode: 0o600 });
    if (identity !== undefined) await chown(path, identity.uid, identity.gid);
  }
  const admin = await auditFixture(server, { isEmpty: true });
  await admin.sql(`alter system set ssl_ca_file = 'clients.crt'`);
  await admin.sql('alter system set ssl = on');
  await admin.sql('select pg_reload_conf()');
  await admin.close();
}

function access(sslmode: string | undefined, given: Partial<DatabaseAccess> = {}, host = 'localhost'): DatabaseAccess {
  const url = new URL(fixture.observerUrl);
  url.hostname = host;
  if (sslmode !== undefined) url.searchParams.set('sslmode', sslmode);
  return { ...fixture.trail.database, url: SecretText.literal(url.href), ...given };
}

const isEncrypted = async (role: string) =>
  (
    await fixture.sql(
      `select bool_and(s.ssl) as every from pg_stat_ssl s join pg_stat_activity a using (pid) where a.usename = $1`,
      [role],
    )
  ).rows[0]?.every;

async function look(database: DatabaseAccess): Promise<Watching> {
  const watching = watch(fixture, { trail: { database } });
  open.push(watching);
  await watching.look();
  return watching;
}

const evidence = (watching: Watching) => watching.observer.state.evidence.get('connection');

describe('the observer', () => {
  test.each([
    ['a file of authorities', undefined],
    ['verify-full', 'verify-full'],
    ['verify-ca', 'verify-ca'],
    ['require', 'require'],
    ['prefer', 'prefer'],
    ['allow', 'allow'],
  ])('%s: connects with TLS, and proves what it proves without', async (_, sslmode) => {
    const watching = await look(access(sslmode, { caFile }));
    expect(await isEncrypted(fixture.observerRole)).toBe(true);
    expect(evidence(watching).state).toBe('ok');
    expect(watching.state('public.accounts')).toBe('ok');
  });

  test('a certificate of somebody else: unknown, and why', async () => {
    const watching = await look(access('verify-full', { caFile: otherCaFile }));
    expect(evidence(watching)).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/certificate signature failure|unable to verify/),
    });
    expect(watching.metric('audit_trail_evidence_state', { state: 'ok' })).toBe(0);
  });

  test('a certificate of another name is refused, and for verify-ca it is not', async () => {
    await present(await certificate({ issuer: ours, names: ['elsewhere.test'], addresses: [] }));
    expect(evidence(await look(access('verify-full', { caFile }))).reason).toMatch(
      /does not match certificate's altnames/,
    );
    expect(evidence(await look(access('verify-ca', { caFile }))).state).toBe('ok');
    await present(await certificate({ issuer: ours }));
  });

  test('prefer: a server that says it has no TLS gets no password in plain', async () => {
    await fixture.sql('alter system set ssl = off');
    await fixture.sql('select pg_reload_conf()');
    try {
      await expect
        .poll(async () => (await fixture.sql('show ssl')).rows[0], { timeout: 5_000 })
        .toEqual({ ssl: 'off' });
      expect(evidence(await look(access('prefer', { caFile })))).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/does not support SSL/),
      });
      expect(evidence(await look(access('disable'))).state).toBe('ok');
    } finally {
      await fixture.sql('alter system set ssl = on');
      await fixture.sql('select pg_reload_conf()');
      await expect.poll(async () => (await fixture.sql('show ssl')).rows[0], { timeout: 5_000 }).toEqual({ ssl: 'on' });
    }
  });
});

describe('a file of authorities that never ends, or is none', () => {
  const signal = () => AbortSignal.timeout(10_000);
  const huge = fileOf('huge.pem', '');
  truncateSync(huge, 2 * 1024 * 1024);
  const pipe = fileOf('pipe', '');
  rmSync(pipe);
  execFileSync('mkfifo', [pipe]);

  test.each([
    ['a pipe', pipe, 'is a pipe'],
    ['a device', '/dev/zero', 'is a device'],
    ['a huge file', huge, 'is larger than 1 MiB'],
    ['a folder', '/', 'is a folder'],
    ['no file', '/nowhere.pem', 'does not exist'],
  ])('%s is refused by name, in every part of the pack that connects', async (_, path, why) => {
    const database = access('verify-full', { caFile: path });
    const message = `the database's caFile ${path} ${why}`;
    expect(evidence(await look(database))).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining(message),
    });
    await expect(SealSession.open(database, signal())).rejects.toThrow(message);
    await expect(new ScanDatabase(database).look(signal(), async () => undefined)).rejects.toThrow(message);
    const provider = new DatabaseFunctionsProvider(
      {
        kind: 'pgcrypto',
        name: 'sql',
        slaSeconds: 1,
        database,
        passphrase: SecretText.literal('x'),
        options: '',
        deterministic: false,
      },
      (secret) => secret.reveal(),
      1000,
    );
    await expect(provider.open(signal())).rejects.toThrow(message);
  });
});

describe('the scanner of encrypted columns, in the same words', () => {
  const within = () => AbortSignal.timeout(30_000);
  const rootOf = (file: string) => (url: URL) => url.searchParams.set('sslrootcert', file);
  const given = (sslmode: string | undefined, change: (url: URL) => void, own: Partial<DatabaseAccess> = {}) => {
    const url = new URL(access(sslmode).url.reveal());
    change(url);
    return new ScanDatabase({ ...access(sslmode), url: SecretText.literal(url.href), ...own });
  };
  const seen = async (database: ScanDatabase) => {
    try {
      const [row] = await database.look(within(), (query) =>
        query<{ ssl: boolean; client: string | null }>(
          'select ssl, client_dn as client from pg_stat_ssl where pid = pg_backend_pid()',
        ),
      );
      return row;
    } finally {
      await database.close();
    }
  };

  test.each([
    ['verify-ca with a file of authorities', () => given('verify-ca', () => undefined, { caFile })],
    ['verify-full with sslrootcert in the address', () => given('verify-full', rootOf(caFile))],
    ['sslrootcert alone', () => given(undefined, rootOf(caFile))],
    ['no-verify', () => given('no-verify', () => undefined)],
  ])('%s: connects with TLS', async (_, database) => {
    expect(await seen(database())).toEqual({ ssl: true, client: null });
  });

  test('sslcert and sslkey: shows the certificate of the client', async () => {
    const client = await certificate({ issuer: ours });
    const database = given('verify-full', (url) => {
      url.searchParams.set('sslrootcert', caFile);
      url.searchParams.set('sslcert', fileOf('client.pem', client.cert));
      url.searchParams.set('sslkey', fileOf('client.key', client.key));
    });
    expect(await seen(database)).toEqual({ ssl: true, client: expect.stringMatching(/\/CN=/) });
  });

  test('authorities of somebody else, and a file that is not there, are refused', async () => {
    const refused = (database: ScanDatabase) => seen(database).catch((error: unknown) => error);
    expect(await refused(given('verify-ca', rootOf(otherCaFile)))).toMatchObject({ kind: 'connection' });
    expect(await refused(given('verify-ca', rootOf('/not/there.pem')))).toMatchObject({ kind: 'connection' });
  });
});

describe('the sealer', () => {
  const within = () => AbortSignal.timeout(30_000);

  test.each([
    ['a file of authorities', undefined],
    ['verify-full in the address as well', 'verify-full'],
    ['prefer', 'prefer'],
  ])('%s: copies records over TLS, pausing and going on', async (_, sslmode) => {
    const signal = within();
    const url = new URL(access(sslmode).url.reveal());
    // Apart from the address, as a mounted secret is.
    const password = SecretText.literal(decodeURIComponent(url.password));
    url.password = '';
    const session = await SealSession.open(
      access(sslmode, { caFile, url: SecretText.literal(url.href), password }),
      signal,
    );
    try {
      let lines = 0;
      await session.snapshot(signal, async () => {
        expect(await isEncrypted(fixture.observerRole)).toBe(true);
        await session.copy("select repeat('x', 1000), id from audit.log", () => {
          lines += 1;
          if (lines % 500 !== 0) return;
          session.pause();
          setTimeout(() => session.resume(), 20);
        });
      });
      expect(lines).toBe(2000);
    } finally {
      await session.close();
    }
  });

  test('a certificate of somebody else is refused', async () => {
    await expect(SealSession.open(access('verify-full', { caFile: otherCaFile }), within())).rejects.toThrow(
      /certificate signature failure|unable to verify/,
    );
  });
});
