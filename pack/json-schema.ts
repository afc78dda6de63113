import { z } from 'zod';
import { packSchema } from './layout.js';

/** The part of JSON Schema draft 7 that our schema uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $ref?: string;
}

/**
 * The text of `pack.schema.json`. Editors use it to complete and explain keys. Draft 7, because the YAML language
 * server supports it best. It describes shapes only; `kop check` also checks the rules.
 */
export function packJsonSchema(): string {
  const { $schema, ...rest } = wholeSchema();
  const document = {
    $schema,
    $comment: 'Generated from the schemas in pack/. Do not edit; run kop build.',
    title: 'Kingston Observability Pack',
    ...ofOneFile(rest),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The schema of a complete description after all files are merged, with its required keys. */
export function wholeSchema(): JsonSchema {
  return jsonSchemaOf(packSchema);
}

/** What a file may hold, as it is written. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })));
}

/**
 * A file may change one key of another file and omit the rest, so maps require only the `kind` that distinguishes them,
 * and `null` removes an entry of another file. Lists are replaced as a whole, so their items must be complete.
 */
function ofOneFile(schema: JsonSchema): JsonSchema {
  const { required = [], properties, additionalProperties, anyOf, oneOf, ...rest } = schema;
  const kind = properties?.kind?.const === undefined ? [] : ['kind'];
  return {
    ...rest,
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(ofOneFile) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(ofOneFile) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, inner]) => [
              key,
              required.includes(key) ? ofOneFile(inner) : orNull(ofOneFile(inner)),
            ]),
          ),
        }),
    ...(kind.length === 0 ? {} : { required: kind }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'boolean' ? additionalProperties : orNull(ofOneFile(additionalProperties)),
        }),
  };
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  if (schema.const !== undefined || schema.$ref !== undefined) return schema;
  if (schema.anyOf !== undefined) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  if (schema.oneOf !== undefined) return { ...schema, oneOf: [...schema.oneOf, { type: 'null' }] };
  if (type === undefined) return schema;
  return {
    ...schema,
    type: [...new Set([type, 'null'].flat())],
    ...(values === undefined ? {} : { enum: [...values, null] }),
  };
}
