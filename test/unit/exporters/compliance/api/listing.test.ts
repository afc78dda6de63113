import { describe, expect, test } from 'vitest';
import { isCursor, pageOf } from '../../../../../exporters/compliance/api/listing.js';
import { type ControlQuery, controlQuerySchema } from '../../../../../exporters/compliance/api/schemas.js';
import { shownControl } from '../../../../support/compliance/controls.js';

const now = new Date('2026-03-03T12:05:00Z');
const query = (given: Record<string, string> = {}): ControlQuery => controlQuerySchema.parse(given);

const controls = [
  shownControl('A-1'),
  shownControl('A-2', { status: 'non_compliant', raw: 'non_compliant' }),
  shownControl('A-3', { status: 'non_compliant', raw: 'non_compliant', severity: 'critical' }),
  shownControl('A-4', { status: 'unknown', raw: 'unknown', evidenceAt: undefined }),
  shownControl('A-5', { status: 'waived', raw: 'non_compliant' }),
  shownControl('A-6', { status: 'not_applicable', raw: 'not_applicable', evidenceAt: undefined }),
  shownControl('B-1', { status: 'at_risk', raw: 'at_risk', area: 'data_protection', owner: 'security' }),
  shownControl('B-2', { evidenceAt: '2026-03-03T11:00:00.000Z', board: 'other', title: 'Restore tested' }),
];
const ids = (given: Record<string, string>) => pageOf(controls, query(given), now).items.map(({ id }) => id);

describe('a list of controls', () => {
  test('stands worst first, within a state by severity', () => {
    expect(ids({})).toEqual(['A-3', 'A-2', 'A-4', 'B-1', 'A-5', 'A-1', 'B-2', 'A-6']);
  });

  test.each([
    [{ board: 'other' }, ['B-2']],
    [{ area: 'data_protection' }, ['B-1']],
    [{ status: 'waived' }, ['A-5']],
    [{ severity: 'critical' }, ['A-3']],
    [{ owner: 'security' }, ['B-1']],
    [{ framework: 'none' }, []],
    [{ actionable: 'true' }, ['A-3', 'A-2', 'A-4', 'B-1']],
    [{ stale: 'true' }, ['A-4', 'B-2']],
    [{ q: 'restore' }, ['B-2']],
    [{ q: 'a-1' }, ['A-1']],
  ])('is filtered by %j', (given, expected) => {
    expect(ids(given)).toEqual(expected);
  });

  test('counts with one denominator, in which waived and unknown stay', () => {
    const { summary, total } = pageOf(controls, query({ limit: '2' }), now);
    expect(total).toBe(8);
    expect(summary).toEqual({
      applicable: 7,
      counts: { non_compliant: 2, unknown: 1, at_risk: 1, waived: 1, compliant: 2, not_applicable: 1 },
    });
  });

  test('is paged without loss and without repetition, also when a control changes between two pages', () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    let current = controls;
    do {
      const page = pageOf(current, query({ limit: '3', ...(cursor === undefined ? {} : { cursor }) }), now);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
      // One that was shown gets better, and stands further behind.
      current = current.map((control) => (control.id === 'A-3' ? shownControl('A-3') : control));
    } while (cursor !== undefined);
    expect(seen.filter((id) => id !== 'A-3')).toEqual(['A-2', 'A-4', 'B-1', 'A-5', 'A-1', 'B-2', 'A-6']);
  });

  test('knows a cursor that is none', () => {
    expect(isCursor('[1,0,"A-1","kingston"]')).toBe(true);
    for (const text of ['', 'x', '[]', '{}', '["1",0,"a","b"]', 'null']) expect(isCursor(text)).toBe(false);
  });
});
