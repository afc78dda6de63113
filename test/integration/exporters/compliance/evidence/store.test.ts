import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import { evidenceTables, openPostgresStore } from '../../../../../exporters/compliance/evidence/store/postgres.js';
import { EvidenceUnavailable } from '../../../../../exporters/compliance/evidence/store/store.js';
import type { DatabaseAccess } from '../../../../../pack/postgres/model.js';
import { SecretText } from '../../../../../pack/secrets/secret.js';
import { evaluationDay as at, evaluationOn as evaluation } from '../../../../support/compliance/evaluations.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

const failing = { raw: 'non_compliant', effective: 'non_compliant' } as const;
const waived = { raw: 'non_compliant', effective: 'waived', waiver: 'W-2026-01' } as const;

let server: BorrowedServer;
let folder: string;
beforeAll(async () => {
  server = await borrowPostgres();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kop-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function access(url: string): DatabaseAccess {
  return { url: SecretText.literal(url), statementTimeoutMs: 10_000, maxConnections: 3 };
}

async function administer(sql: string): Promise<void> {
  const db = new pg.Client({ connectionString: server.adminUrl });
  await db.connect();
  try {
    await db.query(sql);
  } finally {
    await db.end();
  }
}

describe.each([
  ['in a file', () => openEmbeddedStore(folder)],
  ['in PostgreSQL', () => openPostgresStore(access(server.url))],
])('the evidence store %s', (_where, open) => {
  afterEach(() => administer('drop schema if exists compliance_evidence cascade'));

  test('gives back what was added, byte for byte, also after it was opened again', async () => {
    const written = evaluation(0, {
      reason: 'Zoë said “no”\u0000\n',
      checks: [
        {
          name: 'a',
          kind: 'sql',
          outcome: 'fail',
          value: '0.10',
          operator: '<=',
          limit: '0',
          asOf: '2026-01-01T00:00:00Z',
          source: 's',
          reason: 'r',
        },
        { name: 'b', kind: 'promql', outcome: 'unknown', source: 's', reason: 'no series' },
      ],
    });
    const store = await open();
    expect(await store.append([written, evaluation(1)])).toBe(2);
    await store.close();
    const again = await open();
    expect((await again.read(0, 10))[0]).toEqual({ number: 1, document: written });
    expect(await again.extent()).toEqual({ last: 2, disposedUpTo: 0, oldestAt: at(0) });
    await again.close();
  });

  test('knows what the state was at any moment, and when it changed', async () => {
    const store = await open();
    await store.append([evaluation(0), evaluation(1, failing), evaluation(2, failing), evaluation(3, waived)]);
    await store.append([evaluation(4), evaluation(4, { control: 'AUD-02', ...failing })]);
    expect(await store.statusAt('kingston', 'AUD-01', new Date(at(3).getTime() - 1))).toMatchObject({ number: 3 });
    expect(await store.statusAt('kingston', 'AUD-01', at(3))).toMatchObject({ number: 4 });
    expect(await store.statusAt('kingston', 'AUD-01', new Date(at(0).getTime() - 1))).toBeUndefined();
    expect(await store.statusAt('kingston', 'AUD-99', at(3))).toBeUndefined();
    const transitions = await store.transitions({ control: 'AUD-01' }, 10);
    expect(transitions.map(({ number, before, effective }) => [number, before, effective])).toEqual([
      [5, 'waived', 'compliant'],
      [4, 'non_compliant', 'waived'],
      [2, 'compliant', 'non_compliant'],
      [1, undefined, 'compliant'],
    ]);
    expect(await store.transitions({ board: 'kingston', from: at(3), to: at(4) }, 10)).toHaveLength(1);
    expect((await store.find({ control: 'AUD-01' }, 2)).map(({ number }) => number)).toEqual([5, 4]);
    expect((await store.find({ control: 'AUD-01' }, 2, 4)).map(({ number }) => number)).toEqual([3, 2]);
    await store.close();
  });

  test('adds a batch whole or not at all, and then goes on', async () => {
    const store = await open();
    await store.append([evaluation(0)]);
    const broken = { ...evaluation(2, failing), control: null };
    // @ts-expect-error: what a caller without types could give.
    await expect(store.append([evaluation(1, failing), broken])).rejects.toThrow();
    expect(await store.append([evaluation(3, failing)])).toBe(2);
    // The failing state of the batch that was refused is not remembered.
    expect(await store.transitions({}, 10)).toMatchObject([{ number: 2, before: 'compliant' }, { number: 1 }]);
    await store.close();
  });

  test('does not use the numbers of disposed evaluations again', async () => {
    const store = await open();
    await store.append([evaluation(0), evaluation(1)]);
    await store.dispose(2);
    expect(await store.extent()).toEqual({ last: 2, disposedUpTo: 2, oldestAt: undefined });
    expect(await store.append([evaluation(2)])).toBe(3);
    await store.close();
  });

  test('keeps definitions of controls once', async () => {
    const store = await open();
    await store.keepDefinition('c'.repeat(64), '{}');
    await store.keepDefinition('c'.repeat(64), 'something else');
    expect(await store.definition('c'.repeat(64))).toBe('{}');
    expect(await store.definition('d'.repeat(64))).toBeUndefined();
    await store.close();
  });

  test('numbers evaluations without a gap when several write', async () => {
    const store = await open();
    await Promise.all(
      Array.from({ length: 20 }, (_, day) => store.append([evaluation(day), evaluation(day, failing)])),
    );
    expect((await store.read(0, 100)).map(({ number }) => number)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    await store.close();
  });
});

describe('the evidence store in PostgreSQL', () => {
  afterEach(() => administer('drop schema if exists compliance_evidence cascade'));

  test('lets nobody change or remove an evaluation in passing', async () => {
    const store = await openPostgresStore(access(server.url));
    await store.append([evaluation(0)]);
    await store.close();
    for (const sql of [
      'delete from compliance_evidence.evaluations',
      'update compliance_evidence.evaluations set at = 0',
    ]) {
      await expect(administer(sql)).rejects.toThrow('evaluations are append-only');
    }
  });

  test('says what its administrator runs where the role may not make tables, and works with those', async () => {
    const limited = new URL(server.adminUrl);
    limited.username = 'kop_evidence';
    limited.password = 'kop';
    await administer(`create role kop_evidence login password 'kop'`);
    await expect(openPostgresStore(access(limited.toString()))).rejects.toThrow(
      /permission denied.*kop evidence tables" prints what its administrator runs/,
    );
    await administer(
      `${evidenceTables}; grant usage on schema compliance_evidence to kop_evidence;
       grant select, insert on all tables in schema compliance_evidence to kop_evidence;
       grant update on compliance_evidence.extent to kop_evidence`,
    );
    const store = await openPostgresStore(access(limited.toString()));
    expect(await store.append([evaluation(0)])).toBe(1);
    await store.close();
  });

  test('says that the database is gone, and goes on when it is back', async () => {
    const store = await openPostgresStore(access(server.url));
    await store.append([evaluation(0)]);
    await administer(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kop-compliance-evidence'`,
    );
    await expect.poll(() => store.append([evaluation(1)]).catch(() => undefined)).toBe(2);
    await store.close();
    await expect(openPostgresStore(access('postgres://nobody@127.0.0.1:1/none'))).rejects.toThrow(EvidenceUnavailable);
  });
});
