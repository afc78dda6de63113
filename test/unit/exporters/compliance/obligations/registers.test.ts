import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { contentsOf } from '../../../../../exporters/compliance/obligations/registers/contents.js';
import { registerOf } from '../../../../../exporters/compliance/obligations/registers/open.js';
import type { Obligation } from '../../../../../pack/compliance/model/index.js';
import { accessRequests, halfYearlyReturn, office } from './example.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-registers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const now = new Date('2026-12-01T12:00:00Z');
let files = 0;

async function read(format: 'csv' | 'json', text: string | Uint8Array, obligation: Obligation = accessRequests) {
  files += 1;
  const path = join(folder, `register-${files}.${format}`);
  writeFileSync(path, text);
  const register = { kind: 'file', path, format } as const;
  const reader = registerOf({ ...obligation, register }, office, () => expect.unreachable());
  const answer = await reader.read({ signal: AbortSignal.timeout(10_000), now });
  // The path is the test's own.
  return JSON.parse(JSON.stringify(answer).replaceAll(path, 'register')) as Record<string, unknown>;
}

const header = 'started_at,relevant_at,completed_at,extended,stopped\n';
const hours: Obligation = { ...accessRequests, rule: { kind: 'hours', hours: 72 } };

describe('CSV', () => {
  test('days and instants, with and without an offset, become times of the calendar; other columns are not kept', async () => {
    const text =
      '\uFEFFstarted_at,who,completed_at,extended,stopped\r\n' +
      '2026-07-01,"Doe, Jane",2026-07-20,yes,2026-07-03/2026-07-04; 2026-07-10/\r\n\r\n' +
      '2026-11-05 09:30,John,,,\r\n2026-11-05T09:30:00+05:30,John,,false,';
    expect(await read('csv', text)).toMatchObject({
      faults: [],
      cases: [
        {
          startedAt: '2026-06-30T23:00:00.000Z',
          completedAt: '2026-07-20T22:59:59.999Z',
          isExtended: true,
          stopped: [
            { from: '2026-07-02T23:00:00.000Z', to: '2026-07-04T22:59:59.999Z' },
            { from: '2026-07-09T23:00:00.000Z' },
          ],
        },
        { startedAt: '2026-11-05T09:30:00.000Z', isExtended: false, stopped: [] },
        { startedAt: '2026-11-05T04:00:00.000Z' },
      ],
    });
  });

  test('semicolons separate where the header has them', async () => {
    expect(await read('csv', 'started_at;completed_at\n2026-11-05;\n')).toMatchObject({
      cases: [{ isExtended: false }],
    });
  });

  test.each([
    [
      'a date as people write it',
      `${header}01/03/2026,,,,`,
      ':2: column started_at: expected a day such as 2026-03-01 or an instant such as 2026-03-01T09:30:00Z',
    ],
    ['a day that does not exist', `${header}2026-02-30,,,,`, ':2: column started_at: expected a day'],
    ['no start', `${header}2026-03-01,,,,\n,,2026-03-01,,`, ':3: column started_at: expected a day'],
    ['a time that has not come', `${header}2026-12-02,,,,`, ':2: column started_at: expected a time that has come'],
    [
      'an end before the start',
      `${header}2026-03-02,,2026-03-01,,`,
      ':2: column completed_at: expected a time that is not before started_at',
    ],
    ['a word', `${header}2026-03-02,,,perhaps,`, ':2: column extended: expected true or false'],
    [
      'an interval without a beginning',
      `${header}2026-03-02,,,,/2026-03-04`,
      ':2: column stopped: expected intervals such as',
    ],
    [
      'an interval that ends before it begins',
      `${header}2026-03-02,,,,2026-03-05/2026-03-04`,
      ':2: column stopped: expected intervals',
    ],
  ])('a row with %s is a fault, and the others are read', async (_, text, fault) => {
    const answer = await read('csv', `${text}\n2026-11-05,,,,\n`);
    expect(answer.faults).toEqual([expect.stringContaining(`register${fault}`)]);
    expect(answer.cases).not.toEqual([]);
  });

  test('hours need instants', async () => {
    expect(await read('csv', `${header}2026-03-02,,,,\n`, hours)).toMatchObject({
      faults: [
        'register:2: column started_at: expected an instant such as 2026-03-01T09:30:00Z, because hours are counted',
      ],
    });
  });

  test('a day is completed with its end: answered on the last day is in time', async () => {
    expect(await read('csv', `${header}2026-03-02T15:00:00Z,,2026-03-02,,\n`)).toMatchObject({ faults: [] });
  });

  test.each([
    ['nothing', '', 'register: the file is empty'],
    ['no header', '2026-03-01,2026-03-02\n', 'register: no column started_at and no column completed_at'],
    ['another header', 'started_at,answered\n', 'register: no column completed_at'],
    [
      'a half-written line',
      `${header}2026-03-01,,,,\n2026-03`,
      'register:3: expected as many values as columns; the file may be half-written',
    ],
    [
      'a half-written quote',
      `${header}2026-03-01,,,,"Jane`,
      'register:2: a quote is not closed; the file may be half-written',
    ],
    ['another encoding', Buffer.from([0x73, 0xe9, 0x0a]), 'register: not UTF-8'],
  ])('%s cannot be read', async (_, text, unreadable) => {
    expect(await read('csv', text)).toEqual({ unreadable });
  });

  test('nothing that a register holds is in what is said of it', async () => {
    const jane = 'Jane Doe 1970-01-01';
    const texts = [
      `${header}${jane},${jane},${jane},${jane},${jane}\n`,
      `${header}2026-03-01,,,"${jane}" x,\n`,
      `${header}${jane}\n`,
      `started_at,completed_at,extended\n2026-03-01,,${jane}`,
    ];
    for (const text of texts) expect(JSON.stringify(await read('csv', text))).not.toMatch(/Jane|1970/);
    expect(JSON.stringify(await read('json', `[{"started_at": "${jane}"`))).not.toMatch(/Jane|1970/);
    expect(JSON.stringify(await read('json', `[{"started_at": "${jane}", "completed_at": null}]`))).not.toMatch(
      /Jane|1970/,
    );
  });

  test('more cases than a register has', () => {
    const rows = new Array(100_001).fill({ place: 'register:2', row: {} });
    const rules = { timeZone: 'Europe/London', needsInstants: false, now };
    expect(
      contentsOf({ register: 'register', columns: ['started_at', 'completed_at'], rows, asOf: now }, rules),
    ).toEqual({
      unreadable: 'register: more than 100000 rows; give a view or file with the cases that matter',
    });
  });
});

describe('JSON', () => {
  test('a list of cases; what stands may be a list, text or a range', async () => {
    const cases = [
      {
        started_at: '2026-11-05T09:30:00Z',
        completed_at: null,
        stopped: [
          { from: '2026-11-06', to: '2026-11-07' },
          { from: '2026-11-09', to: null },
        ],
      },
      {
        started_at: '2026-11-05',
        completed_at: '2026-11-20',
        extended: true,
        stopped: '{[2026-11-06,2026-11-08),["2026-11-09 10:00:00+00",)}',
      },
    ];
    const stopped = [
      { from: '2026-11-06T00:00:00.000Z', to: '2026-11-07T23:59:59.999Z' },
      expect.objectContaining({ from: expect.stringMatching(/^2026-11-09T(00|10):00:00.000Z$/) }),
    ];
    expect(await read('json', JSON.stringify(cases))).toMatchObject({
      faults: [],
      cases: [{ stopped }, { stopped, isExtended: true }],
    });
  });

  test.each([
    ['half of it', '[{"started_at": "2026-11-05"', 'register: not valid JSON; the file may be half-written'],
    ['an object', '{"cases": []}', 'register: expected a list of cases'],
    ['a list of texts', '["2026-11-05"]', 'register: item 1: expected an object'],
    ['cases without ends', '[{"started_at": "2026-11-05"}]', 'register: no column completed_at'],
  ])('%s cannot be read', async (_, text, unreadable) => {
    expect(await read('json', text)).toEqual({ unreadable });
  });

  test('a number is no time', async () => {
    expect(await read('json', '[{"started_at": 45992, "completed_at": null}]')).toMatchObject({
      faults: [expect.stringMatching(/^register: item 1: column started_at: expected a day/)],
    });
  });
});

test('returns name the period that they are of', async () => {
  const answer = await read('csv', 'period_end,completed_at\n2026-06-30,2026-07-20\n2026-09-30,\n', halfYearlyReturn);
  expect(answer).toMatchObject({
    cases: [{ periodEnd: '2026-06-30' }],
    faults: ['register:3: column period_end: expected the last day of a period of the schedule, such as 2026-06-30'],
  });
});

test('a file that is not there', async () => {
  const register = { kind: 'file', path: join(folder, 'absent.csv'), format: 'csv' } as const;
  const reader = registerOf({ ...accessRequests, register }, office, () => expect.unreachable());
  expect(await reader.read({ signal: AbortSignal.timeout(10_000), now })).toEqual({
    unreadable: `${register.path}: there is no such file`,
  });
});
