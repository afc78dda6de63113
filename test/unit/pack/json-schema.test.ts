import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { InvalidPack, loadPack, packJsonSchema } from '../../../pack/index.js';
import { packFixtures } from '../../support/pack-fixtures.js';

const node = z.record(z.string(), z.unknown());
const schema = node.parse(JSON.parse(packJsonSchema()));

/** The validator of editors' language servers reads the same draft; strict, so that a misspelt keyword is an error. */
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(schema);

function violations(value: unknown): readonly ErrorObject[] {
  return validate(value) ? [] : (validate.errors ?? []);
}

const read = (file: string): unknown => parse(readFileSync(file, 'utf8'), { merge: true });
const fixtures = 'test/fixtures/pack';

test('the committed schema is the generated one; kop build writes it', () => {
  expect(readFileSync('pack/pack.schema.json', 'utf8')).toBe(packJsonSchema());
});

describe('what kop check takes, an editor takes', () => {
  test.each([
    'pack.yaml',
    join(fixtures, 'minimal.yaml'),
    join(fixtures, 'overlay.yaml'),
    ...packFixtures(/^complete-.*\.yaml$/),
    ...readdirSync('docs/examples')
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join('docs/examples', name)),
  ])('%s', (file) => {
    expect(violations(read(file))).toEqual([]);
  });

  test.each([
    ['one entry removed', { workflows: { search: null }, portals: { main: { headers: { 'X-Page': null } } } }],
    ['one key removed', { portals: { main: { auth: null, tls: { caFile: null } } } }],
    ['a start from nothing', { extends: 'none' }],
    ['a start from some', { extends: ['teams', 'severities'] }],
    ['one key of an entry changed', { workflows: { search: { sla: '3s' } } }],
  ])('%s', (_, value) => {
    expect(violations(value)).toEqual([]);
  });
});

describe('what an editor refuses, kop check refuses at the same place', () => {
  // While reading, nobody knows yet which key stands around a mistake: a reserved key, or one in the writing (key '').
  const refused = packFixtures(/^invalid-(?!reserved-key).*\.yaml$/).flatMap((file) => {
    try {
      const errors = violations(read(file));
      return errors.length === 0 ? [] : [[file, errors] as const];
    } catch {
      return []; // Not YAML: both refuse it before any schema is asked.
    }
  });

  test('which is many', () => {
    expect(refused.length).toBeGreaterThan(60);
  });

  test.each(refused)('%s', (file, errors) => {
    const problems = problemsOf([join(fixtures, 'minimal.yaml'), file]);
    const places = errors.map(({ instancePath }) =>
      instancePath
        .replace(/^\//, '')
        .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
        .replaceAll('/', '.'),
    );
    expect(problems.filter((key) => key === '' || places.some((place) => key.startsWith(place)))).not.toEqual([]);
  });

  test.each(packFixtures(/^invalid-.*\.yaml$/).filter((file) => /: unknown key;/.test(readFileSync(file, 'utf8'))))(
    'and an unknown key is refused by both: %s',
    (file) => {
      expect(violations(read(file))).not.toEqual([]);
    },
  );
});

test.each([
  ['an unknown key', { portals: { main: { titel: 'x' } } }],
  ['a bare number for a duration', { workflows: { home: { sla: 2 } } }],
  ['an unknown word', { workflows: { home: { connection: 'resue' } } }],
  ['a step without a path', { workflows: { home: { steps: [{ name: 'page' }] } } }],
  ['a path with a query', { workflows: { home: { steps: [{ name: 'page', path: '/a?b=1' }] } } }],
  ['a share of 99', { objectives: { a: { target: 99 } } }],
  ['a status that is none', { workflows: { home: { steps: [{ name: 'a', path: '/', expect: { status: '2x' } }] } } }],
  ['a name in capitals', { teams: { Platform: { title: 'x' } } }],
  ['a section that nobody knows', { extends: ['portal'] }],
])('%s is refused', (_, value) => {
  expect(violations(value)).not.toEqual([]);
});

test('every key explains itself in an editor', () => {
  expect([...undescribed(schema, '')]).toEqual([]);
});

function problemsOf(files: readonly string[]): string[] {
  try {
    loadPack(files, { requireSecrets: false });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    return error.problems.map(({ key }) => key);
  }
}

function* undescribed(value: unknown, path: string): Generator<string> {
  const parsed = node.safeParse(value);
  if (!parsed.success) {
    return;
  }
  for (const [key, inner] of Object.entries(parsed.data)) {
    if (key === 'properties') {
      for (const [name, property] of Object.entries(node.parse(inner))) {
        if (typeof node.parse(property).description !== 'string') {
          yield `${path}.${name}`;
        }
        yield* undescribed(property, `${path}.${name}`);
      }
    } else if (Array.isArray(inner)) {
      for (const item of inner) {
        yield* undescribed(item, path);
      }
    } else {
      yield* undescribed(inner, path);
    }
  }
}
