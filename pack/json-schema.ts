import { z } from 'zod';
import { packSchema } from './layout.js';

/** A schema of draft 7, as far as ours uses it. */
export interface JsonSchema {
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
 * The text of `pack.schema.json`, with which editors complete keys and explain them. Draft 7, because that is what
 * the YAML language server reads best. It knows shapes only; `kop check` knows the rules too.
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

/** The schema of a whole description, all files merged: with the keys that it cannot be without. */
export function wholeSchema(): JsonSchema & { readonly $schema?: string } {
  return JSON.parse(JSON.stringify(z.toJSONSchema(packSchema, { io: 'input', target: 'draft-7' })));
}

/**
 * A file that changes one key of another is right without the other keys, so maps demand none but the `kind` that
 * tells them apart; and its `null` removes what another file says. Lists are replaced whole, so what stands in them
 * must be complete.
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
