import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { boardFileSchemas, boardFileSchemaTexts } from '../../../pack/board-file-schemas.js';
import type { JsonSchema } from '../../../pack/json-schema.js';
import { FILES } from './compliance/reading.js';

/** As the language servers of editors: strict, so that a misspelt keyword is an error. */
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
const validators = new Map(boardFileSchemaTexts().map(({ path, text }) => [path, ajv.compile(JSON.parse(text))]));

function violations(name: string, value: unknown) {
  const validate = validators.get(`pack/${name}.schema.json`);
  if (validate === undefined) throw new Error(`there is no schema of ${name}`);
  return validate(value) ? [] : validate.errors;
}

const shipped = readdirSync('controls', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
const read = (path: string) => parse(readFileSync(join('controls', path), 'utf8'), { merge: true });

test('the committed schemas are the generated ones; kop build writes them', () => {
  for (const { path, text } of boardFileSchemaTexts()) expect(readFileSync(path, 'utf8')).toBe(text);
});

describe('what the pack reads, an editor takes', () => {
  test.each(shipped)('controls/%s, whose first line names its schema', (path) => {
    const name = path.startsWith('profiles') ? 'profile' : 'catalogue';
    expect(violations(name, read(path))).toEqual([]);
    const [first] = readFileSync(join('controls', path), 'utf8').split('\n');
    expect(first).toBe(`# yaml-language-server: $schema=../../pack/${name}.schema.json`);
  });

  test.each(Object.entries(FILES))('%s of the tests', (file, text) => {
    expect(violations(file.replace('.yaml', ''), parse(text))).toEqual([]);
  });
});

test.each([
  ['catalogue', 'an unknown key', { controls: { 'A-1': { titel: 'x' } } }],
  ['catalogue', 'a control without a severity', { controls: { 'A-1': { title: 'x' } } }],
  ['catalogue', 'an unknown kind of check', { controls: { 'A-1': { checks: { a: { kind: 'prometheus' } } } } }],
  ['catalogue', 'an identifier in small letters', { controls: { 'a-1': {} } }],
  ['profile', 'an exclusion without a day of review', { exclude: { 'A-1': { reason: 'none' } } }],
  ['waivers', 'a waiver that nobody approved', { waivers: { 'W-1': { control: 'A-1', reason: 'r' } } }],
  ['attestations', 'another outcome', { attestations: [{ control: 'A-1', check: 'a', outcome: 'maybe' }] }],
  ['changes', 'no changes at all', {}],
])('%s: %s is refused', (name, _what, value) => {
  expect(violations(name, value)).not.toEqual([]);
});

test('every key explains itself in an editor', () => {
  expect(boardFileSchemas().flatMap(({ name, schema }) => undescribed(schema, name))).toEqual([]);
});

function undescribed(schema: JsonSchema, path: string): readonly string[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  return [
    ...Object.entries(properties).flatMap(([key, inner]) => [
      ...(inner.description === undefined ? [`${path}.${key}`] : []),
      ...undescribed(inner, `${path}.${key}`),
    ]),
    ...(typeof additionalProperties === 'object' ? undescribed(additionalProperties, `${path}.NAME`) : []),
    ...(items === undefined ? [] : undescribed(items, `${path}[]`)),
    ...[...anyOf, ...oneOf].flatMap((inner) => undescribed(inner, path)),
  ];
}
