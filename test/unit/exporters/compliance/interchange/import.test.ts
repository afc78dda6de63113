import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importFindingOf } from '../../../../../exporters/compliance/interchange/import/finding.js';
import type { ImportAnswer } from '../../../../../exporters/compliance/interchange/import/imported.js';
import { readImport } from '../../../../../exporters/compliance/interchange/import/read.js';
import type { ResultImport } from '../../../../../pack/compliance/model/index.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-imports-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function read(format: ResultImport['format'], content: unknown): Promise<ImportAnswer> {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readImport({ name: 'weekly', format, path, maxAgeSeconds: 8 * 86_400 }, AbortSignal.timeout(10_000));
}

async function outcomes(format: ResultImport['format'], content: unknown) {
  const answer = await read(format, content);
  if ('unreadable' in answer) return answer.unreadable.replace(/^.*\.json: /, '');
  return [...answer.results].map(([identifier, { outcome, passed, failed, undecided, collectedAt }]) =>
    [identifier, outcome, `${passed}/${failed}/${undecided}`, collectedAt.toISOString()].join(' '),
  );
}

/** In the shape of `prowler aws --output-formats json-ocsf`. */
function ocsf(code: string, status_code: string, time = 1_764_590_400, more: object = {}) {
  return {
    message: 'something about a resource',
    metadata: {
      event_code: code,
      product: { name: 'Prowler', vendor_name: 'Prowler', version: '5.13.0' },
      version: '1.5.0',
    },
    status: 'New',
    status_code,
    time,
    time_dt: '2025-12-01T13:00:00.000001',
    finding_info: { uid: 'x', title: 'A title' },
    resources: [{ uid: 'arn:aws:s3:::jane', region: 'eu-west-2' }],
    ...more,
  };
}

describe('Prowler', () => {
  test('findings of a check about several resources become one result; the oldest is its age', async () => {
    expect(
      await outcomes('prowler', [
        ocsf('s3_encrypted', 'PASS'),
        ocsf('s3_encrypted', 'FAIL', 1_764_586_800),
        ocsf('s3_logging', 'PASS'),
        ocsf('iam_contact', 'MANUAL'),
        ocsf('muted', 'FAIL', 1_764_590_400, { status: 'Suppressed' }),
        ocsf('half', 'PASS'),
        ocsf('half', 'MANUAL'),
      ]),
    ).toEqual([
      's3_encrypted fail 1/1/0 2025-12-01T11:00:00.000Z',
      's3_logging pass 1/0/0 2025-12-01T12:00:00.000Z',
      'iam_contact unknown 0/0/1 2025-12-01T12:00:00.000Z',
      'muted fail 0/1/0 2025-12-01T12:00:00.000Z',
      'half unknown 1/0/1 2025-12-01T12:00:00.000Z',
    ]);
  });

  test('the native format of versions 2 and 3; a time without an offset is as old as it can be', async () => {
    const native = (CheckID: string, Status: string, AssessmentStartTime: string) => ({
      AssessmentStartTime,
      Provider: 'aws',
      CheckID,
      Status,
      ResourceArn: 'arn:x',
    });
    expect(
      await outcomes('prowler', [
        native('a', 'PASS', '2026-11-30T10:00:00.123456'),
        native('b', 'FAIL', '2026-11-30T10:00:00Z'),
        native('c', 'INFO', '2026-11-30T10:00:00+01:00'),
      ]),
    ).toEqual([
      'a pass 1/0/0 2026-11-29T20:00:00.123Z',
      'b fail 0/1/0 2026-11-30T10:00:00.000Z',
      'c unknown 0/0/1 2026-11-30T09:00:00.000Z',
    ]);
  });

  test('nothing found is nothing passed', async () => {
    expect(await outcomes('prowler', [])).toEqual([]);
  });
});

test('InSpec: an overlay without results, errors, skipped tests and controls that do not apply', async () => {
  const result = (status: string, start_time = '2026-11-30T12:00:00-04:00') => ({
    status,
    code_desc: 'x',
    run_time: 0.1,
    start_time,
  });
  const control = (id: string, impact: number, ...results: object[]) => ({
    id,
    impact,
    title: id,
    waiver_data: {},
    results,
  });
  expect(
    await outcomes('inspec', {
      platform: { name: 'ubuntu', release: '24.04' },
      version: '5.22.40',
      statistics: { duration: 1 },
      profiles: [
        { name: 'overlay', controls: [control('ssh-01', 1)] },
        {
          name: 'baseline',
          controls: [
            control('ssh-01', 1, result('passed'), result('passed', '2026-11-30T15:00:00+00:00')),
            control('ssh-02', 0.7, result('passed'), result('failed')),
            control('ssh-03', 0.7, result('passed'), result('skipped')),
            control('ssh-04', 0.7, result('error')),
            control('ssh-05', 0, result('passed')),
            control('ssh-06', 0.7),
          ],
        },
      ],
    }),
  ).toEqual([
    'ssh-01 pass 2/0/0 2026-11-30T15:00:00.000Z',
    'ssh-02 fail 1/1/0 2026-11-30T16:00:00.000Z',
    'ssh-03 unknown 1/0/1 2026-11-30T16:00:00.000Z',
    'ssh-04 unknown 0/0/1 2026-11-30T16:00:00.000Z',
    'ssh-05 unknown 0/0/1 2026-11-30T16:00:00.000Z',
  ]);
});

describe('OSCAL assessment results', () => {
  const finding = (id: string, state: string, reason?: string, related?: string) => ({
    uuid: 'f',
    title: id,
    description: id,
    target: { type: 'objective-id', 'target-id': id, status: { state, ...(reason && { reason }) } },
    ...(related && { 'related-observations': [{ 'observation-uuid': related }] }),
  });
  const document = (...results: object[]) => ({
    'assessment-results': { uuid: 'x', metadata: { title: 'Another tool' }, 'import-ap': { href: '#x' }, results },
  });

  test('states and reasons; age and end come from the observations, otherwise from the result', async () => {
    const answer = await read(
      'oscal',
      document({
        uuid: 'r',
        start: '2026-11-30T10:00:00+01:00',
        observations: [
          {
            uuid: 'o',
            description: 'x',
            methods: ['TEST'],
            collected: '2026-11-29T10:00:00Z',
            expires: '2026-12-06T10:00:00Z',
          },
        ],
        findings: [
          finding('ac-1_obj', 'satisfied', 'pass', 'o'),
          finding('ac-2_obj', 'not-satisfied', 'fail'),
          finding('ac-3_obj', 'not-satisfied', 'other'),
          finding('ac-4_obj', 'not-satisfied'),
          finding('ac-5_obj', 'perhaps'),
        ],
      }),
    );
    const results = 'unreadable' in answer ? [] : [...answer.results];
    expect(results.map(([id, { outcome }]) => `${id} ${outcome}`)).toEqual([
      'ac-1_obj pass',
      'ac-2_obj fail',
      'ac-3_obj unknown',
      'ac-4_obj fail',
      'ac-5_obj unknown',
    ]);
    expect(results[0]?.[1]).toMatchObject({
      collectedAt: new Date('2026-11-29T10:00:00Z'),
      expiresAt: new Date('2026-12-06T10:00:00Z'),
    });
    expect(results[1]?.[1].collectedAt).toEqual(new Date('2026-11-30T09:00:00Z'));
  });

  test('of several results the newest decides about each target, whatever their order', async () => {
    expect(
      await outcomes(
        'oscal',
        document(
          { start: '2026-11-20T00:00:00Z', findings: [finding('a', 'satisfied'), finding('b', 'satisfied')] },
          { start: '2026-11-10T00:00:00Z', findings: [finding('a', 'not-satisfied'), finding('c', 'satisfied')] },
        ),
      ),
    ).toEqual([
      'a pass 1/0/0 2026-11-20T00:00:00.000Z',
      'c pass 1/0/0 2026-11-10T00:00:00.000Z',
      'b pass 1/0/0 2026-11-20T00:00:00.000Z',
    ]);
  });
});

test.each<[string, ResultImport['format'], unknown, string]>([
  ['half of a file', 'prowler', '[{"metadata"', 'not valid JSON; the file may be half-written'],
  [
    'an object',
    'prowler',
    {},
    'the document: Invalid input: expected array, received object; expected results of prowler',
  ],
  [
    'another tool of OCSF',
    'prowler',
    [ocsf('a', 'PASS'), ocsf('b', 'PASS', 1, { metadata: { event_code: 'b', product: { name: 'Other' } } })],
    '1.metadata.product.name: Invalid input: expected "Prowler"; expected results of prowler',
  ],
  [
    'a time as text',
    'prowler',
    [{ ...ocsf('a', 'PASS'), time: 'Jane' }],
    '0.time: Invalid input: expected number, received string; expected results of prowler',
  ],
  [
    'a catalogue',
    'oscal',
    { catalog: {} },
    'assessment-results: Invalid input: expected object, received undefined; expected results of oscal',
  ],
  [
    'no profiles',
    'inspec',
    { platform: {} },
    'profiles: Invalid input: expected array, received undefined; expected results of inspec',
  ],
])('%s is unreadable, and the message says where', async (_, format, content, reason) => {
  expect(await outcomes(format, content)).toBe(reason);
});

describe('what an imported check says', () => {
  const now = new Date('2025-12-02T12:00:00Z');
  const source = { maxAgeSeconds: 8 * 86_400 };

  async function finding(identifiers: readonly string[], content: unknown, at = now) {
    return importFindingOf({ identifiers }, source, await read('prowler', content), at);
  }
  const found = [
    ocsf('good', 'PASS'),
    ocsf('bad', 'FAIL'),
    ocsf('manual', 'MANUAL'),
    ocsf('old', 'FAIL', 1_763_000_000),
    ocsf('early', 'PASS', 1_764_680_000),
  ];

  test.each<[string, readonly string[], string, string]>([
    ['all pass', ['good'], 'pass', 'Prowler 5.13.0: 1 passed'],
    ['one fails', ['good', 'bad', 'absent'], 'fail', 'Prowler 5.13.0: bad: 1 failed'],
    ['one is missing', ['good', 'absent'], 'unknown', 'Prowler 5.13.0: no result of absent'],
    ['one is not decided', ['good', 'manual'], 'unknown', 'Prowler 5.13.0: manual is not decided'],
    [
      'a failure that is too old is no evidence',
      ['old'],
      'unknown',
      'Prowler 5.13.0: old is of 2025-11-13T02:13:20.000Z, which is too old',
    ],
    [
      'a result of tomorrow',
      ['early'],
      'unknown',
      'Prowler 5.13.0: early is of 2025-12-02T12:53:20.000Z, which has not come',
    ],
  ])('%s', async (_, identifiers, outcome, reason) => {
    expect(await finding(identifiers, found)).toMatchObject({ outcome, reason });
  });

  test('the age counts from the scan: the last moment and the one after it', async () => {
    const end = 1_764_590_400_000 + source.maxAgeSeconds * 1000;
    expect((await finding(['good'], found, new Date(end))).outcome).toBe('pass');
    expect((await finding(['good'], found, new Date(end + 1))).outcome).toBe('unknown');
  });

  test('what the tool says of its end counts, too', () => {
    const result = {
      outcome: 'pass',
      passed: 1,
      failed: 0,
      undecided: 0,
      collectedAt: new Date('2025-12-01T00:00:00Z'),
      expiresAt: now,
    } as const;
    const answer = { tool: 'Another', results: new Map([['a', result]]) };
    expect(importFindingOf({ identifiers: ['a'] }, source, answer, now).outcome).toBe('pass');
    expect(importFindingOf({ identifiers: ['a'] }, source, answer, new Date(now.getTime() + 1))).toMatchObject({
      outcome: 'unknown',
      reason: 'Another: a expired at 2025-12-02T12:00:00.000Z',
    });
  });

  test('a file that is not there', async () => {
    const path = join(folder, 'absent.json');
    const answer = await readImport({ name: 'x', format: 'oscal', path, maxAgeSeconds: 1 }, AbortSignal.timeout(5_000));
    expect(importFindingOf({ identifiers: ['a'] }, source, answer, now)).toEqual({
      outcome: 'unknown',
      reason: `${path}: there is no such file`,
    });
  });
});
