/** Names and texts as SQL: each comes from the configuration or the catalogue, so each is quoted, always. */

export function identifier(name: string): string {
  if (name.includes('\0')) throw new TypeError('a name cannot hold a null byte');
  return `"${name.replaceAll('"', '""')}"`;
}

export function text(value: string): string {
  if (value.includes('\0')) throw new TypeError('a text cannot hold a null byte');
  const quoted = `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return value.includes('\\') ? `E${quoted}` : quoted;
}

export function textArray(values: readonly string[]): string {
  return `array[${values.map(text).join(', ')}]::text[]`;
}

/** `schema.table` as the configuration writes it. */
export function splitTable(table: string): { readonly schema: string; readonly name: string } {
  const dot = table.indexOf('.');
  return dot < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) };
}

export function tableSql(table: string): string {
  const { schema, name } = splitTable(table);
  return `${identifier(schema)}.${identifier(name)}`;
}
