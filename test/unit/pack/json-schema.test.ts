import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { packJsonSchema } from '../../../pack/index.js';
import { violations } from './json-schema-subset.js';

const node = z.record(z.string(), z.unknown());
const schema = node.parse(JSON.parse(packJsonSchema()));

test('the committed schema is the generated one; kop build writes it', () => {
  expect(readFileSync('pack/pack.schema.json', 'utf8')).toBe(packJsonSchema());
});

test.each([
  'pack.yaml',
  'test/fixtures/pack/minimal.yaml',
  'test/fixtures/pack/overlay.yaml',
  'test/fixtures/pack/complete-audit.yaml',
  'test/fixtures/pack/complete-encryption.yaml',
])('%s is valid by it', (file) => {
  expect(violations(parse(readFileSync(file, 'utf8')), schema, schema)).toEqual([]);
});

test.each([
  ['an unknown key', { portals: { main: { titel: 'x' } } }],
  ['a bare number for a duration', { workflows: { home: { sla: 2 } } }],
  ['an unknown word', { workflows: { home: { connection: 'resue' } } }],
  ['a step without a path', { workflows: { home: { steps: [{ name: 'page' }] } } }],
  ['a name in capitals', { teams: { Platform: { title: 'x' } } }],
])('%s is not', (_, value) => {
  expect(violations(value, schema, schema)).not.toEqual([]);
});

test('every key explains itself in an editor', () => {
  expect([...undescribed(schema, '')]).toEqual([]);
});

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
