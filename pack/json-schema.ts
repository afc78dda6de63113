import { z } from 'zod';
import { pack } from './schema/pack.js';

/**
 * The text of `pack.schema.json`, with which editors complete keys and explain them. Draft 7, because that is what
 * the YAML language server reads best. It knows shapes only; `kop check` knows the rules too.
 */
export function packJsonSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(pack, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema, path }) => {
      if (!path.includes('items') && jsonSchema.required !== undefined) {
        requireOnly(jsonSchema, jsonSchema.properties);
      }
    },
  });
  const document = {
    $schema,
    $comment: 'Generated from pack/schema. Do not edit; run kop build.',
    title: 'Kingston Observability Pack',
    ...rest,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * A file that changes one key of another is right without the other keys, so maps demand none but the `kind` that
 * tells them apart. Lists are replaced whole, so what stands in them must be complete.
 */
function requireOnly(schema: { required?: string[] }, properties: Readonly<Record<string, unknown>> = {}): void {
  const kind = properties.kind;
  if (typeof kind === 'object' && kind !== null && 'const' in kind) {
    schema.required = ['kind'];
  } else {
    delete schema.required;
  }
}
