/** The rows before and after a change, in the forms in which trails keep them; each a jsonb expression. */
export interface ImageForms {
  readonly oldRow: string;
  readonly newRow: string;
  /** New values of what changed, laid over `oldRow`, which is the new row of an INSERT. */
  readonly newValues: string | undefined;
  /** `{"column": [old, new]}` of what changed. */
  readonly changes: string | undefined;
}

/** Of `changes` only what it tells: to be added up with the records before it. */
export function imagesOf(operation: string, { oldRow, newRow, newValues, changes }: ImageForms) {
  if (changes !== undefined) {
    // Relations between many and many are objects there; they are rows of other tables.
    const side = (
      index: number,
      operations: string,
    ) => `case when ${operation} in (${operations}) and jsonb_typeof(${changes}) = 'object' then
      (select coalesce(jsonb_object_agg(e.key, e.value -> ${index}), '{}') from jsonb_each(${changes}) e where jsonb_typeof(e.value) = 'array') end`;
    return { old: side(0, "'UPDATE', 'DELETE'"), new: side(1, "'INSERT', 'UPDATE'") };
  }
  if (newValues === undefined) return { old: oldRow, new: newRow };
  return {
    old: `case when ${operation} in ('UPDATE', 'DELETE') then ${oldRow} end`,
    new: `case ${operation} when 'INSERT' then ${oldRow} when 'UPDATE' then ${oldRow} || coalesce(${newValues}, '{}') end`,
  };
}

/**
 * What the records of one row tell of it, since it was inserted last.
 *
 * @param parts a query for `ord`, `op` and `part`
 * @param same which of them are of the row, in terms of `h`
 */
export function foldedSince(parts: string, same: string): string {
  // Of two values under one name the later stays. A maximum without a filter would be looked for from the end of the whole log.
  return `(select coalesce(jsonb_object_agg(e.key, e.value order by h.ord), '{}') from (${parts}) h cross join lateral jsonb_each(h.part) e
    where ${same} and h.ord >= coalesce((select max(h.ord) filter (where h.op = 'INSERT') from (${parts}) h where ${same}), h.ord))`;
}
