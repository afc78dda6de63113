import { describe, expect, it } from 'vitest';
import type { TableStatus, TrailStatus } from '../../../../exporters/audit-trail/inspect/status.js';
import { sections } from '../../../../exporters/audit-trail/sections.js';
import { findingStateOf } from '../../../../exporters/runtime/landing/summary.js';

const now = Date.parse('2026-08-01T12:00:00Z');
const ok: TableStatus = {
  table: 'public.clients',
  state: 'ok',
  reason: 'every change is recorded',
  since: undefined,
  coverageRatio: 1,
  problems: [],
  comparedAt: '2026-08-01T11:00:00Z',
  proof: undefined,
  rowsWithoutBaseline: 0,
};
const seen = { state: 'ok', reason: 'seen', remedies: [] } as const;
const absent = { state: 'unknown', reason: 'not configured', remedies: [] } as const;
const blind = { state: 'unknown', reason: 'permission denied', remedies: [] } as const;

function trail(tables: readonly TableStatus[], evidence: TrailStatus['evidence']): TrailStatus {
  return {
    trail: 'kingston',
    portal: 'kingston',
    title: 'Kingston',
    tablesInScope: tables.length,
    tablesCovered: tables.length,
    tables,
    evidence,
    epoch: undefined,
    residuals: {},
    unexplained: {},
    unaccounted: [],
    identityBreaks: {},
    retention: undefined,
    recordsReadAt: undefined,
    bypassRoles: [],
    comparisons: {},
  };
}

describe('what the summary says of an audit trail', () => {
  it.each<[string, readonly TableStatus[], TrailStatus['evidence'], number | undefined, string]>([
    ['all is proven', [ok], { counters: seen, witness: absent }, now, 'fine'],
    ['a fault was proven', [ok, { ...ok, state: 'confirmed' }], { counters: seen }, now, 'attention'],
    ['one table is not proven', [ok, { ...ok, state: 'unknown' }], { counters: seen }, now, 'unknown'],
    ['a table is not covered', [{ ...ok, coverageRatio: 0.5 }], { counters: seen }, now, 'attention'],
    ['evidence cannot be seen', [ok], { counters: blind }, now, 'unknown'],
    ['no table was seen', [], { counters: seen }, now, 'unknown'],
    ['nobody looked yet', [ok], { counters: seen }, undefined, 'unknown'],
    ['nobody looks any more', [ok], { counters: seen }, now - 600_000, 'unknown'],
    ['a proven fault stays one', [{ ...ok, state: 'confirmed' }], { counters: blind }, now - 600_000, 'attention'],
  ])('%s', (_, tables, evidence, atMs, expected) => {
    const status = trail(tables, evidence);
    const shown = sections([{ status, fastChecks: { atMs, intervalMs: 15_000 } }], now);
    const placed = shown.map((section, index) => ({ ...section, id: `section-${index}` }));
    expect(findingStateOf({ title: 'Audit trails', readiness: { ready: true }, sections: placed })).toBe(expected);
  });

  it('is not known where no trail is described', () => {
    const placed = sections([], now).map((section) => ({ ...section, id: 'x' }));
    expect(findingStateOf({ title: 'Audit trails', readiness: { ready: true }, sections: placed })).toBe('unknown');
  });
});
