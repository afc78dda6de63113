import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import { auditPresetNames } from '../../../../pack/audit-trail/presets.js';
import { loadPack } from '../../../../pack/index.js';

const minimal = 'test/fixtures/pack/minimal.yaml';
const complete = 'test/fixtures/audit-trail/pack/complete-audit.yaml';

afterEach(() => vi.unstubAllEnvs());

function only(...files: string[]): AuditTrail {
  const [trail] = loadPack([minimal, ...files]).auditTrails;
  if (trail === undefined) {
    throw new Error('no trail is described');
  }
  return trail;
}

function trailWith(text: string): AuditTrail {
  const file = join(mkdtempSync(join(tmpdir(), 'kop-audit-')), 'trail.yaml');
  writeFileSync(
    file,
    [
      'auditTrails:',
      '  main:',
      '    title: Trail',
      '    portal: main',
      '    team: platform',
      '    database: { url: postgres://auditor@localhost/portal }',
      `    ${text}`,
    ].join('\n'),
  );
  return only(file);
}

test('a trail needs little to be said', () => {
  expect(JSON.parse(JSON.stringify(trailWith('')))).toMatchInlineSnapshot(`
    {
      "attribution": {
        "machineActors": [],
        "required": [
          "actor",
          "at",
          "rowKey",
        ],
        "sharedActors": [],
      },
      "comparisons": [],
      "database": {
        "maxConnections": 3,
        "statementTimeoutMs": 30000,
        "url": "postgres://auditor@localhost/portal",
      },
      "name": "main",
      "observe": {
        "catchUpLoad": 0.5,
        "confirmIntervalMs": 60000,
        "intervalMs": 15000,
        "maxClockSkewMs": 5000,
        "maxLoad": 0.03,
        "replayRowsPerCycle": 10000,
        "resolveWithinMs": 600000,
        "trustedFunctions": [],
      },
      "portal": "main",
      "retention": {
        "keepDays": 2555,
      },
      "scope": {
        "exclude": [],
        "include": [],
        "operations": [
          "INSERT",
          "UPDATE",
          "DELETE",
          "TRUNCATE",
        ],
        "schemas": [
          "public",
        ],
      },
      "team": "platform",
      "title": "Trail",
    }
  `);
});

test('every key reaches the domain, and no secret is shown', () => {
  vi.stubEnv('KOP_TEST_SECRET', 's3cret');
  const folder = join(process.cwd(), 'test/fixtures/audit-trail/pack');
  const shown = JSON.stringify(only(complete));
  expect(shown).not.toContain('s3cret');
  expect(JSON.parse(shown.replaceAll(folder, '<folder>'))).toMatchSnapshot();
});

describe('presets', () => {
  test.each(auditPresetNames.filter((name) => name !== 'custom'))('%s is complete by itself', (preset) => {
    expect(trailWith(`records: { preset: ${preset} }`).records).toMatchSnapshot();
  });

  test('custom takes everything from the trail', () => {
    const { records } = trailWith(
      'records: { preset: custom, table: a.b, columns: { id: i, at: t, operation: o, table: r }, operations: { c: INSERT } }',
    );
    expect(records).toEqual({
      preset: 'custom',
      table: 'a.b',
      columns: {
        id: { column: 'i' },
        at: { column: 't' },
        operation: { column: 'o' },
        table: { column: 'r' },
      },
      operations: { c: 'INSERT' },
      writtenBy: 'application',
      maxWriteLagMs: 30_000,
      triggerFunctions: [],
    });
  });

  test.each([
    ['product_owners_audit_log', '{ table: entity }', { table: { column: 'entity' } }, 'fixedTable'],
    ['audit_log', '{ fixedTable: public.clients }', { fixedTable: 'public.clients' }, 'table'],
  ])('where the table of %s is said otherwise, only that counts', (preset, columns, expected, gone) => {
    const { records } = trailWith(`records: { preset: ${preset}, columns: ${columns} }`);
    expect(records?.columns).toMatchObject(expected);
    expect(records?.columns).not.toHaveProperty(gone);
  });

  test('a word that is ignored is no change any more', () => {
    const { records } = trailWith(
      'records: { preset: security_audit_log, operations: { edit: ignore, purge: DELETE } }',
    );
    expect(records?.operations).toEqual({ create: 'INSERT', update: 'UPDATE', delete: 'DELETE', purge: 'DELETE' });
  });

  test('a table that triggers write may not be late, one that an application writes may', () => {
    expect(trailWith('records: { preset: audit_log, writtenBy: trigger }').records?.maxWriteLagMs).toBe(0);
    expect(trailWith('records: { preset: system_audit_log, writtenBy: application }').records?.maxWriteLagMs).toBe(
      30_000,
    );
    expect(trailWith('records: { preset: audit_log, maxWriteLag: 5s }').records?.maxWriteLagMs).toBe(5000);
  });
});

test('a year of retention has 365 days, as in the rules of the portal', () => {
  expect(trailWith('retention: { keep: 7y }').retention.keepDays).toBe(2555);
});

test('comparisons by the names of the version before still mean what they meant', () => {
  const described = loadPack([], { requireSecrets: false }).auditTrails[0]?.comparisons ?? [];
  expect(described).toHaveLength(6);
  const named = trailWith('comparisons: [missing-irr, provider-switches]');
  expect(named.namesComparisons).toBe(true);
  expect(named.comparisons).toEqual(
    ['missing-irr', 'provider-switches'].map((name) => described.find((each) => each.name === name)),
  );
});
