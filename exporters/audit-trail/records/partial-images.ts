import type { AuditRecords, ColumnRef } from '../../../pack/audit-trail/model.js';
import { ident, literal, parseQualified, qualified } from '../../runtime/postgres/quote.js';
import type { RecordsShape } from './shape.js';

/**
 * `kop audit install --changed-columns` records an UPDATE as this operation: its images hold the key and the columns that
 * changed. What its row was follows from the records since the last one with a whole image.
 */
export const partialOperation = 'CHANGE';

/** SQL names of the columns that this needs. */
export interface HistoryColumns {
  readonly id: string;
  readonly operation: string;
  readonly schema: string;
  readonly table: string;
  readonly key: string;
  readonly newRow: string;
}

/** Of the writer's own log. */
export const logColumns: HistoryColumns = {
  id: 'id',
  operation: 'op',
  schema: 'table_schema',
  table: 'table_name',
  key: 'pk',
  newRow: 'new_row',
};

/**
 * SQL: the row as records up to `record` leave it; null where no whole image comes before. Of equal names an object keeps the
 * last one.
 *
 * @param source where records are read from, a table or a subquery with these columns.
 * @param record an alias, or a variable, of a record.
 * @param upTo `<=` with what this record changed, `<` without.
 */
export function foldedImage(source: string, record: string, upTo: '<' | '<=', columns = logColumns): string {
  const { id, operation, schema, table, key, newRow } = columns;
  const isEarlier = (alias: string) =>
    [schema, table, key]
      .map((column) => `${alias}.${column} = ${record}.${column}`)
      .concat(`${alias}.${id} ${upTo} ${record}.${id}`)
      .join(' and ');
  return `(select jsonb_object_agg(e.key, e.value order by h.${id}) from ${source} h cross join lateral jsonb_each(h.${newRow}) e
    where ${isEarlier('h')} and h.${id} >= (select b.${id} from ${source} b
      where ${isEarlier('b')} and b.${operation} <> '${partialOperation}' order by b.${id} desc limit 1))`;
}

interface Images {
  readonly old: string;
  readonly new: string;
}

/** The images of a record `t`, whole also where it holds only what changed. Its earlier records may be in the archive by now. */
export function wholeImages({ table, archive, columns }: AuditRecords, shape: RecordsShape, own: Images): Images {
  const { id, operation, schema, table: name, rowKey, newRow } = columns;
  if (
    !shape.hasPartialImages ||
    schema === undefined ||
    name === undefined ||
    rowKey === undefined ||
    newRow === undefined
  )
    return own;
  const sqlName = ({ column }: ColumnRef) => ident(column);
  const history: HistoryColumns = {
    id: sqlName(id),
    operation: sqlName(operation),
    schema: sqlName(schema),
    table: sqlName(name),
    key: sqlName(rowKey),
    newRow: sqlName(newRow),
  };
  const from = (place: string) =>
    `select ${Object.values(history).join(', ')} from ${qualified(parseQualified(place))}`;
  const source =
    archive === undefined ? qualified(parseQualified(table)) : `(${from(table)} union all ${from(archive)})`;
  const where = (whole: string, image: string) =>
    `case when t.${history.operation} = ${literal(partialOperation)} then ${whole} else ${image} end`;
  return {
    old: where(`${foldedImage(source, 't', '<', history)} || ${own.old}`, own.old),
    new: where(foldedImage(source, 't', '<=', history), own.new),
  };
}
