import { z } from 'zod';

type Schema = Readonly<Record<string, unknown>>;

const map = z.record(z.string(), z.unknown());
const maps = z.array(map);
const words = z.array(z.string());

/** What is wrong with a value by a JSON Schema: the keywords that ours uses, and no others. */
export function violations(value: unknown, schema: Schema, root: Schema, path = '$'): string[] {
  const found: string[] = [];
  for (const [keyword, given] of Object.entries(schema)) {
    found.push(...(judges[keyword]?.(value, given, { schema, root, path }) ?? []));
  }
  return found;
}

interface Context {
  readonly schema: Schema;
  readonly root: Schema;
  readonly path: string;
}

type Judge = (value: unknown, given: unknown, context: Context) => string[];

const judges: Readonly<Record<string, Judge>> = {
  type: (value, given, { path }) =>
    [given].flat().some((type) => hasType(value, type)) ? [] : [`${path}: not ${given}`],
  enum: (value, given, { path }) => (z.array(z.unknown()).parse(given).includes(value) ? [] : [`${path}: not listed`]),
  const: (value, given, { path }) => (value === given ? [] : [`${path}: not ${given}`]),
  pattern: (value, given, { path }) =>
    typeof value !== 'string' || new RegExp(String(given)).test(value) ? [] : [`${path}: not like ${given}`],
  required: (value, given, { path }) =>
    words.parse(given).flatMap((key) => (isMap(value) && key in value ? [] : [`${path}.${key}: missing`])),
  properties: (value, given, { root, path }) =>
    Object.entries(map.parse(given)).flatMap(([key, inner]) =>
      isMap(value) && key in value ? violations(value[key], map.parse(inner), root, `${path}.${key}`) : [],
    ),
  additionalProperties: (value, given, { schema, root, path }) => {
    const known = Object.keys(map.parse(schema.properties ?? {}));
    const others = isMap(value) ? Object.entries(value).filter(([key]) => !known.includes(key)) : [];
    return others.flatMap(([key, inner]) =>
      given === false ? [`${path}.${key}: unknown`] : violations(inner, map.parse(given), root, `${path}.${key}`),
    );
  },
  propertyNames: (value, given, { root, path }) =>
    isMap(value)
      ? Object.keys(value).flatMap((key) => violations(key, map.parse(given), root, `${path} key ${key}`))
      : [],
  items: (value, given, { root, path }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => violations(item, map.parse(given), root, `${path}[${index}]`))
      : [],
  anyOf: (value, given, { root, path }) => choose(value, given, root, path, (matches) => matches > 0),
  oneOf: (value, given, { root, path }) => choose(value, given, root, path, (matches) => matches === 1),
  $ref: (value, given, { root, path }) => {
    const target = String(given)
      .split('/')
      .slice(1)
      .reduce<Schema>((schema, key) => map.parse(schema[key]), root);
    return violations(value, target, root, path);
  },
};

function choose(
  value: unknown,
  given: unknown,
  root: Schema,
  path: string,
  fits: (matches: number) => boolean,
): string[] {
  const results = maps.parse(given).map((schema) => violations(value, schema, root, path));
  return fits(results.filter((result) => result.length === 0).length) ? [] : results.flat();
}

function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'object':
      return isMap(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
