import { describe, expect, test } from 'vitest';
import {
  type Answers,
  claimOf,
  isMissing,
  prove,
} from '../../../../../../exporters/audit-trail/observer/verdict/proof.js';
import { tableStateSchema } from '../../../../../../exporters/audit-trail/observer/verdict/state.js';

const shown = { by: 'seen', since: 1000 };
const all: Answers = { recording: shown, records: shown, rows: shown, counters: shown, images: shown };
const properties = ['recording', 'records', 'rows', 'counters', 'images'] as const;

describe('a proof', () => {
  test.each(properties)('is not made without %s, and says what is missing', (property) => {
    const missing = { missing: `no ${property}`, isBlind: false };
    expect(prove({ ...all, [property]: missing })).toEqual(missing);
  });

  test('says first what does not come by itself', () => {
    const rows = { missing: 'not compared yet', isBlind: false };
    const images = { missing: 'images lack', isBlind: true };
    expect(prove({ ...all, rows, images })).toEqual(images);
  });

  test('claims what it holds, and no more', () => {
    const claim = (answers: Answers, unaccounted = 0) => {
      const proof = prove(answers);
      return isMissing(proof) ? proof.missing : claimOf(proof, unaccounted);
    };
    expect(claim(all)).toBe('every change is recorded');
    expect(claim(all, 3)).toBe('rows and records agree; 3 changes of this trail left nothing that can be compared');
    expect(claim({ ...all, images: undefined })).toMatch(/values are not compared$/);
    expect(claim({ ...all, counters: undefined })).toMatch(/^rows and records agree; nothing counts/);
    expect(claim({ ...all, counters: undefined, images: undefined })).toBe(
      'neither counters nor row images show what was changed',
    );
  });
});

describe('a state that was kept', () => {
  const since = 5;
  test.each(['ok', 'explained'])('%s of an earlier version, without evidence, is unknown', (state) => {
    expect(tableStateSchema.parse({ state, reason: 'every change is recorded', since })).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/kept no evidence/),
      since,
    });
  });

  test('confirmed stays, and ok with its proof', () => {
    const confirmed = { state: 'confirmed', reason: '1 missing', since };
    const ok = { state: 'ok', reason: 'every change is recorded', since, proof: all };
    expect(tableStateSchema.parse(confirmed)).toEqual(confirmed);
    expect(tableStateSchema.parse(ok)).toEqual(ok);
    expect(tableStateSchema.parse({ ...ok, proof: { ...all, counters: undefined, images: undefined } }).state).toBe(
      'unknown',
    );
  });
});
