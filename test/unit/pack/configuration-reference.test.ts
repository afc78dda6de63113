import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationReference } from '../../../pack/configuration-reference.js';
import { type JsonSchema, packJsonSchema, wholeSchema } from '../../../pack/json-schema.js';

interface Listed {
  readonly place: string;
  readonly isRequired: boolean;
}

/** The keys of the page: `portals.NAME.auth (basic).username` for a key of one kind. */
function listed(page: string): Listed[] {
  let kind: { key: string; name: string } | undefined;
  return page.split('\n').flatMap((line) => {
    const [, key, name] = /^### `(.+)` of kind `(.+)`$/.exec(line) ?? [];
    if (key !== undefined && name !== undefined) kind = { key, name };
    else if (line.startsWith('## ')) kind = undefined;
    const [, row, need] = /^\| `([^`]+)` \| [^|]*(?:\\\|[^|]*)* \| ([^|]*) \|/.exec(line) ?? [];
    if (row === undefined) return [];
    const place = kind === undefined ? row : row.replace(kind.key, `${kind.key} (${kind.name})`);
    return [{ place, isRequired: need === '**required**' }];
  });
}

/** The same from a schema, by another way than that of the generator: down each path, one at a time. */
function* keysOf(schema: JsonSchema, place: string): Generator<Listed> {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const here = place === '' ? name : `${place}.${name}`;
    yield { place: here, isRequired: schema.required?.includes(name) === true };
    yield* keysOf(inner, here);
  }
  if (typeof schema.additionalProperties === 'object') yield* keysOf(schema.additionalProperties, `${place}.NAME`);
  if (schema.items !== undefined) yield* keysOf(schema.items, `${place}[]`);
  for (const variant of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const kind = variant.properties?.kind?.const;
    const inner = kind === undefined ? place : `${place} (${String(kind)})`;
    for (const key of keysOf(variant, inner)) if (key.place !== `${inner}.kind`) yield key;
  }
}

const page = configurationReference();
const inPage = listed(page);
const withoutSections = (places: readonly string[]) =>
  [...new Set(places)].filter((place) => /[.[]/.test(place)).sort();

test('the committed page is the generated one; kop build writes it', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(page);
});

test('the page holds every key of the schema that editors use, and no other', () => {
  const schema: JsonSchema = JSON.parse(packJsonSchema());
  const places = [...keysOf(schema, '')].map(({ place }) => place);
  expect(inPage.map(({ place }) => place).sort()).toEqual(withoutSections(places));
});

test('each key is listed once, and says whether it must be there', () => {
  const required = [...keysOf(wholeSchema(), '')].flatMap(({ place, isRequired }) => (isRequired ? [place] : []));
  expect(inPage.flatMap(({ place, isRequired }) => (isRequired ? [place] : [])).sort()).toEqual(
    withoutSections(required),
  );
});

test('the kinds of providers stand apart, each with its own keys', () => {
  expect(inPage).toContainEqual({ place: 'encryption.NAME.providers.NAME (pkcs11).library', isRequired: true });
  expect(inPage).toContainEqual({ place: 'encryption.NAME.providers.NAME (transit).mount', isRequired: false });
  expect(inPage).toContainEqual({ place: 'portals.NAME.auth (oauth2).tokenUrl', isRequired: true });
});
