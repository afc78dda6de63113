import { describe, expect, test } from 'vitest';
import { isKnown, newestFirst, ordinalOf } from '../../../../../exporters/encryption/keys/versions.js';
import { hiddenVersion } from '../../../../../exporters/encryption/scan/hidden-version.js';
import { emptyTally } from '../../../../../exporters/encryption/scan/tally.js';
import { judge } from '../../../../../exporters/encryption/scan/verdict.js';
import { column } from '../../../../support/encryption/scanning.js';

test.each([
  ['v3', 3],
  ['3', 3],
  ['key-12', 12],
  ['V2', 2],
  ['QQ123456C', undefined],
  ['1980-04-01', undefined],
  ['07700900123', undefined],
  ['', undefined],
])('%s is number %s', (version, ordinal) => {
  expect(ordinalOf(version)).toBe(ordinal);
});

test.each([
  ['v3', {}, true],
  ['v0', {}, false],
  ['blue', {}, false],
  ['v3', { latest: '3' }, true],
  ['v4', { latest: '3' }, false],
  ['blue', { versions: ['blue', 'green'] }, true],
  ['v3', { versions: ['4', '3'] }, true],
  ['v1', { versions: ['4', '3'] }, false],
])('%s with %o is known: %s', (version, knowledge, expected) => {
  expect(isKnown(version, knowledge)).toBe(expected);
});

test('numbers count as numbers, names in the order that was told', () => {
  expect(newestFirst(['v9', 'v10', 'v1'], {})).toEqual(['v10', 'v9', 'v1']);
  expect(newestFirst(['green', 'blue'], { versions: ['blue', 'green'] })).toEqual(['blue', 'green']);
});

describe('a verdict', () => {
  const versions = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`v${index + 1}`, 10]));
  const tally = { ...emptyTally(), rows: 150, versions, unversioned: 5 };
  tally.states = { encrypted: 145, plaintext_suspect: 1, malformed: 2, wrapped: 3, null: 2 };

  test('counts what the key service no longer decrypts apart, and not as encrypted', () => {
    const { states } = judge(tally, column('a.b', { kind: 'transit' }, { key: 'fields' }), {
      latest: '14',
      earliest: '4',
    });
    expect(states).toMatchObject({ encrypted: 110, revoked_version: 30, unknown_version: 5 });
    const all = judge(tally, column('a.b', { kind: 'transit' }, { key: 'fields' }), { latest: '14', earliest: '1' });
    expect(all.states).toMatchObject({ encrypted: 140, revoked_version: 0, unknown_version: 5 });
  });

  test('shows the newest ten versions, and counts the rest as other', () => {
    const verdict = judge(tally, column('a.b', { kind: 'transit' }, { key: 'fields' }), {});
    expect(verdict.states).toEqual({
      encrypted: 140,
      plaintext_suspect: 1,
      malformed: 2,
      wrapped: 3,
      unknown_version: 5,
      revoked_version: 0,
      undecided_version: 0,
      null: 2,
    });
    expect(verdict.versions.map(([version]) => version)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `v${14 - index}`),
      'other',
    ]);
    expect(verdict.versions.at(-1)).toEqual(['other', 45]);
    expect(verdict.progressRatio).toBeCloseTo(10 / 145);
  });

  test('knows a newer version that no row has yet', () => {
    const verdict = judge(tally, column('a.b', { kind: 'transit' }, { key: 'fields' }), { latest: '15' });
    expect(verdict.progressRatio).toBe(0);
  });

  test('knows by name what was hashed in the scan, and what became known only after it', () => {
    const [blue, green, other] = ['blue', 'green', 'QQ123456C'].map((name) => hiddenVersion(name, 'seed'));
    const hashed = { ...emptyTally('seed'), versions: { [blue ?? '']: 3, [green ?? '']: 2, [other ?? '']: 1 } };
    hashed.states = { ...hashed.states, encrypted: 6 };
    const regex = column('a.b', { kind: 'regex', pattern: '(?<version>.*)' }, { key: 'fields' });
    const before = judge(hashed, regex, { versions: ['blue'], latest: 'blue' });
    expect(before.states).toMatchObject({ encrypted: 3, unknown_version: 3 });
    expect(before.versions).toEqual([
      ['blue', 3],
      ['other', 3],
    ]);
    const after = judge(hashed, regex, { versions: ['green', 'blue'], latest: 'green' });
    expect(after.states).toMatchObject({ encrypted: 5, unknown_version: 1 });
    expect(after.versions).toEqual([
      ['green', 2],
      ['blue', 3],
      ['other', 1],
    ]);
    expect(after.newestRows).toBe(2);
  });

  test('counts rows under a version of unknown status as neither', () => {
    const hidden = hiddenVersion('green', 'seed');
    const found = { ...emptyTally('seed'), versions: { v1: 4, v2: 3, v9: 2, [hidden]: 1 } };
    found.states = { ...found.states, encrypted: 10 };
    const knowledge = { versions: ['1'], latest: '1', undecided: ['2', 'green', '1'] };
    const verdict = judge(found, column('a.b', { kind: 'transit' }, { key: 'fields' }), knowledge);
    expect(verdict.states).toMatchObject({ encrypted: 4, undecided_version: 4, unknown_version: 2 });
    expect(verdict.versions).toEqual([
      ['v1', 4],
      ['other', 6],
    ]);
    expect(verdict).not.toHaveProperty('progressRatio');
  });

  test('without a key, nothing is to be encrypted again', () => {
    expect(judge(tally, column('a.b', { kind: 'transit' }), {})).not.toHaveProperty('progressRatio');
  });

  test('says nothing of versions where the format has none', () => {
    const verdict = judge(tally, column('a.b', { kind: 'pgp' }), {});
    expect(verdict).toEqual({
      states: {
        encrypted: 145,
        plaintext_suspect: 1,
        malformed: 2,
        wrapped: 3,
        unknown_version: 0,
        revoked_version: 0,
        undecided_version: 0,
        null: 2,
      },
      versions: [],
      newestRows: 0,
    });
  });
});
