import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { assessmentResults } from '../../../../../exporters/compliance/interchange/export/assessment-results.js';
import { controlCsv } from '../../../../../exporters/compliance/interchange/export/control-csv.js';
import { planOfAction } from '../../../../../exporters/compliance/interchange/export/poam.js';
import { oscalImport } from '../../../../../exporters/compliance/interchange/import/oscal.js';
import { snapshot } from './controls.js';

const results = assessmentResults(snapshot);
const plan = planOfAction(snapshot);
/** A folder with the JSON schemas of an OSCAL release of NIST, which are not part of this repository. */
const schemas = process.env.KOP_OSCAL_SCHEMAS;

const oscalKeys = {
  result: {
    required: ['uuid', 'title', 'description', 'start', 'reviewed-controls'],
    optional: ['end', 'props', 'observations', 'risks', 'findings', 'remarks'],
  },
  observation: {
    required: ['uuid', 'description', 'methods', 'collected'],
    optional: ['title', 'props', 'types', 'relevant-evidence', 'expires', 'remarks'],
  },
  finding: {
    required: ['uuid', 'title', 'description', 'target'],
    optional: ['props', 'related-observations', 'related-risks', 'remarks'],
  },
  risk: {
    required: ['uuid', 'title', 'description', 'statement', 'status'],
    optional: ['props', 'deadline', 'risk-log', 'related-observations'],
  },
  item: {
    required: ['title', 'description'],
    optional: ['uuid', 'props', 'related-findings', 'related-observations', 'related-risks', 'remarks'],
  },
};

describe('OSCAL', () => {
  test.skipIf(schemas === undefined).each([
    ['assessment results', 'oscal_assessment-results_schema.json', results],
    ['a plan of action', 'oscal_poam_schema.json', plan],
    [
      'assessment results of nothing that applies',
      'oscal_assessment-results_schema.json',
      assessmentResults({
        ...snapshot,
        controls: snapshot.controls.filter(({ status }) => status === 'not_applicable'),
      }),
    ],
  ])('%s are valid by the official schema', (_, file, document) => {
    const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: true });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync(join(schemas ?? '', file), 'utf8')));
    validate(JSON.parse(JSON.stringify(document)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('keeps to what the schema refuses: empty lists, free tokens, line breaks in values, times without a zone', () => {
    const found = { uuids: new Set<string>(), props: 0, times: 0 };
    visit({ results, plan }, (key, value) => {
      if (Array.isArray(value)) expect(value, key).not.toHaveLength(0);
      if (typeof value !== 'string') return;
      if (/(^|-)uuid$/.test(key)) {
        expect(value, key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        found.uuids.add(value);
      }
      if (key === 'value' || key === 'title') {
        expect(value, key).toMatch(/^\S(.*\S)?$/);
        found.props += 1;
      }
      if (['control-id', 'target-id', 'name'].includes(key)) expect(value, key).toMatch(/^[\p{L}_][\p{L}\p{N}.\-_]*$/u);
      if (['start', 'end', 'collected', 'expires', 'deadline', 'last-modified'].includes(key)) {
        expect(value, key).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
        found.times += 1;
      }
    });
    expect(found).toMatchObject({
      props: expect.toSatisfy((count) => count > 100),
      times: expect.toSatisfy((count) => count > 20),
    });
  });

  test('objects have the keys that OSCAL 1.2 knows, and those that it requires', () => {
    const [first] = results?.['assessment-results'].results ?? [];
    const poam = plan?.['plan-of-action-and-milestones'];
    const lists: Readonly<Record<keyof typeof oscalKeys, readonly object[]>> = {
      result: results?.['assessment-results'].results ?? [],
      observation: [...(first?.observations ?? []), ...(poam?.observations ?? [])],
      finding: [...(first?.findings ?? []), ...(poam?.findings ?? [])],
      risk: [...(first?.risks ?? []), ...(poam?.risks ?? [])],
      item: poam?.['poam-items'] ?? [],
    };
    for (const [kind, objects] of Object.entries(lists)) {
      const { required = [], optional = [] } = new Map(Object.entries(oscalKeys)).get(kind) ?? {};
      expect(objects, kind).not.toHaveLength(0);
      for (const each of objects) {
        expect([...required, ...optional], kind).toEqual(expect.arrayContaining(Object.keys(each)));
        expect(Object.keys(each), kind).toEqual(expect.arrayContaining(required));
      }
    }
  });

  test('where nothing applies, the selection is all but everything', () => {
    const none = snapshot.controls.filter(({ status }) => status === 'not_applicable');
    const [only] = assessmentResults({ ...snapshot, controls: none })?.['assessment-results'].results ?? [];
    expect(only?.['reviewed-controls']).toEqual({
      'control-selections': [{ 'include-all': {}, 'exclude-controls': [{ 'control-id': 'AUD-08' }] }],
    });
    expect(only).not.toHaveProperty('findings');
  });

  test('each reference in it is to something that is there', () => {
    for (const document of [results, plan]) {
      const declared = new Set<string>();
      const referred = new Set<string>();
      visit(document, (key, value) => {
        if (typeof value !== 'string') return;
        if (key === 'uuid') declared.add(value);
        if (/-uuid$/.test(key)) referred.add(value);
        if (key === 'href' && value.startsWith('#')) referred.add(value.slice(1));
      });
      expect(referred.size).toBeGreaterThan(5);
      expect([...referred].filter((uuid) => !declared.has(uuid))).toEqual([]);
    }
  });

  test('the same controls at the same time give the same bytes; another time gives other identifiers', () => {
    expect(JSON.stringify(assessmentResults(structuredClone(snapshot)))).toBe(JSON.stringify(results));
    const later = assessmentResults({ ...snapshot, asOf: new Date('2026-12-01T12:01:00Z') });
    expect(later?.['assessment-results'].uuid).not.toBe(results?.['assessment-results'].uuid);
  });

  test('states, reasons and risks by status', () => {
    const [first] = results?.['assessment-results'].results ?? [];
    const risks = new Map(first?.risks?.map((risk) => [risk.uuid, risk]));
    const rows = first?.findings?.map(({ target, ...finding }) => {
      const risk = risks.get(finding['related-risks']?.[0]?.['risk-uuid'] ?? '');
      return [
        target['target-id'],
        target.status.state,
        target.status.reason,
        risk?.status,
        risk !== undefined && 'deadline' in risk ? risk.deadline : undefined,
      ];
    });
    expect(rows).toEqual([
      ['AUD-01_obj', 'satisfied', 'pass', undefined, undefined],
      ['AUD-02_obj', 'not-satisfied', 'fail', 'open', undefined],
      ['AUD-03_obj', 'satisfied', 'pass', undefined, undefined],
      ['AUD-04_obj', 'not-satisfied', 'other', undefined, undefined],
      ['AUD-05_obj', 'not-satisfied', 'fail', 'deviation-approved', '2027-01-31T23:59:59Z'],
      ['AUD-06_obj', 'not-satisfied', 'other', 'deviation-approved', '2027-01-31T23:59:59Z'],
      ['AUD-07_obj', 'satisfied', 'pass', undefined, undefined],
    ]);
    const [waived] = first?.risks?.filter(({ status }) => status === 'deviation-approved') ?? [];
    expect(waived).toMatchObject({
      'risk-log': {
        entries: [
          {
            'status-change': 'deviation-approved',
            start: '2026-10-01T00:00:00Z',
            props: expect.arrayContaining([
              { name: 'type', ns: 'http://csrc.nist.gov/ns/oscal', value: 'dr-approved' },
              expect.objectContaining({ name: 'approved-by', value: 'compliance-officer' }),
            ]),
          },
        ],
      },
    });
    expect(first?.['reviewed-controls']['control-selections'][0]?.['exclude-controls']).toEqual([
      { 'control-id': 'AUD-08' },
    ]);
  });

  test('says of which catalogue, filter and time it is, and what proves each evaluation', () => {
    const props = results?.['assessment-results'].metadata.props.map(({ name, value }) => `${name} ${value}`);
    expect(props).toEqual([
      'pack-version 0.1.0',
      'as-of 2026-12-01T12:00:00.000Z',
      'filter area=audit_requirements',
      `catalogue-sha256 ${'c'.repeat(64)}`,
    ]);
    const [observation] = results?.['assessment-results'].results[0]?.observations ?? [];
    expect(observation).toMatchObject({
      collected: '2026-12-01T11:59:00.000Z',
      expires: '2026-12-01T12:09:00.000Z',
      'relevant-evidence': [{ href: `ni:///sha-256;${Buffer.alloc(32, 0xee).toString('base64url')}` }],
    });
  });

  test('a round trip keeps every status exactly', () => {
    const imported = oscalImport(JSON.parse(JSON.stringify(results))).results;
    const applicable = snapshot.controls.filter(({ status }) => status !== 'not_applicable');
    expect([...imported.values()].map(({ status }) => status)).toEqual(applicable.map(({ status }) => status));
    const excluded = results?.['assessment-results'].results[0]?.props?.filter(({ name }) => name === 'not-applicable');
    expect(excluded).toMatchObject([{ value: 'AUD-08', remarks: 'no client money' }]);
  });

  test('the plan has an item for each open failure, waived or not', () => {
    expect(plan?.['plan-of-action-and-milestones']['poam-items'].map(({ title }) => title)).toEqual([
      'AUD-02: Title of AUD-02',
      'AUD-05: Title of AUD-05',
      'AUD-06: Title of AUD-06',
    ]);
  });

  test('no controls, no document; nothing open, no plan', () => {
    expect(assessmentResults({ ...snapshot, controls: [] })).toBeUndefined();
    expect(planOfAction({ ...snapshot, controls: snapshot.controls.slice(0, 1) })).toBeUndefined();
  });
});

test('CSV: a line for each control, with status, catalogue, filter and time; no formulas', () => {
  const rows = parse<Record<string, string>>(controlCsv(snapshot), { columns: true, record_delimiter: '\r\n' });
  expect(rows.map(({ control, status, raw_status: raw }) => [control, status, raw])).toEqual(
    snapshot.controls.map(({ id, status, raw }) => [id, status, raw]),
  );
  expect(rows[4]).toMatchObject({
    waiver: 'W-2026-01',
    waiver_expires_on: '2027-01-31',
    references: 'nist-800-53r5 AU-12 (to_confirm)',
    catalogue_sha256: 'c'.repeat(64),
    as_of: '2026-12-01T12:00:00.000Z',
    filters: 'area=audit_requirements',
  });
  expect(rows[3]?.reason).toBe('no data\nsince noon');
  const [formula] = parse<Record<string, string>>(
    controlCsv({ ...snapshot, controls: snapshot.controls.slice(0, 1).map((each) => ({ ...each, title: '=1+1' })) }),
    { columns: true },
  );
  expect(formula?.title).toBe("'=1+1");
});

function visit(value: unknown, see: (key: string, value: unknown) => void, key = ''): void {
  see(key, value);
  if (Array.isArray(value)) for (const each of value) visit(each, see, key);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) visit(each, see, name);
  }
}
