/** JSON Schemas of the files that people keep beside the description, for editors. */

import { catalogueSchema } from './compliance/schema/catalogue.js';
import { profileSchema } from './compliance/schema/profile.js';
import { attestationsSchema, changesSchema, waiversSchema } from './compliance/schema/registers.js';
import { type JsonSchema, jsonSchemaOf } from './json-schema.js';

export interface BoardFileSchema {
  /** Of the file in the package, `pack/NAME.schema.json`. */
  readonly name: 'catalogue' | 'profile' | 'waivers' | 'attestations' | 'changes';
  readonly title: string;
  /** With the keys that are required once all files are merged. */
  readonly schema: JsonSchema;
}

export function boardFileSchemas(): readonly BoardFileSchema[] {
  return [
    { name: 'catalogue', title: 'Catalogue of compliance controls', schema: jsonSchemaOf(catalogueSchema) },
    { name: 'profile', title: 'Profile of a firm', schema: jsonSchemaOf(profileSchema) },
    { name: 'waivers', title: 'Waivers of compliance controls', schema: jsonSchemaOf(waiversSchema) },
    { name: 'attestations', title: 'Attestations of people', schema: jsonSchemaOf(attestationsSchema) },
    { name: 'changes', title: 'Published changes of rules', schema: jsonSchemaOf(changesSchema) },
  ];
}

/** The files that editors read. A file of a catalogue may hold some of its sections, each of them complete. */
export function boardFileSchemaTexts(): readonly { readonly path: string; readonly text: string }[] {
  return boardFileSchemas().map(({ name, title, schema }) => {
    const { $schema, required, ...rest } = schema;
    const document = {
      $schema,
      $comment: 'Generated from the schemas in pack/compliance/. Do not edit; run kop build.',
      title,
      ...rest,
      ...(required === undefined || name === 'catalogue' ? {} : { required }),
    };
    return { path: `pack/${name}.schema.json`, text: `${JSON.stringify(document, undefined, 2)}\n` };
  });
}
