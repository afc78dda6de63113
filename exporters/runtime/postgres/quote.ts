/** Names and texts as SQL. Names come from the configuration and the catalogue, so they are always quoted. */

export function ident(name: string): string {
  if (name.includes('\0')) throw new TypeError('a name cannot hold a null byte');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Safe for every value of `standard_conforming_strings`: a text with a backslash is written in the escape form. */
export function literal(text: string): string {
  if (text.includes('\0')) throw new TypeError('a text cannot hold a null byte');
  const quoted = `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

export function textArray(texts: readonly string[]): string {
  return `array[${texts.map(literal).join(', ')}]::text[]`;
}

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** `schema.table`; without a schema it means `public`, because the search path of the session is not used. */
export function parseQualified(text: string): QualifiedName {
  const dot = text.indexOf('.');
  return dot < 0 ? { schema: 'public', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

export function qualified({ schema, name }: QualifiedName): string {
  return `${ident(schema)}.${ident(name)}`;
}

/** `schema.table` as configurations write it. */
export function tableSql(table: string): string {
  return qualified(parseQualified(table));
}

export function textOf({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}

/** A pattern in which `*` stands for any run of characters. */
export function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.+?()[\]{}|/-]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 's');
}

/** The same as the right side of `like`. */
export function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
