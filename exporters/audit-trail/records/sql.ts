import type { AuditColumns, AuditRecords, ColumnRef } from '../../../pack/audit-trail/model.js';
import type { QualifiedName } from '../../runtime/postgres/quote.js';
import { ident, literal, parseQualified, qualified, textOf } from '../../runtime/postgres/quote.js';
import { foldedSince, type ImageForms, imagesOf } from './images.js';
import { wholeImages } from './partial-images.js';
import type { RecordsShape } from './shape.js';

const integerTypes: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'numeric']);
const textTypes: ReadonlySet<string> = new Set(['text', 'character varying', 'character', 'name']);
type RefName = Exclude<keyof AuditColumns, 'fixedTable'>;
type ImageName = 'oldRow' | 'newRow' | 'newValues' | 'changes';

/**
 * An audit table as SQL. Every check reads a derived table with fixed column names, whatever the trail's own columns are
 * called:
 *
 * `id`, `ord` (what orders records in time: the id when it is a number), `txid` (xid8 or null), `at`, `op` (our words,
 * null when the record is no change), `sch`, `tbl`, `key`, `old`, `new`, `actor`, `kind`, `app`, `corr`, `reason`,
 * `row_xid` (the record's own xmin; null in the archive), `live`.
 *
 * Columns of the right type are named bare, without a cast: then the planner sees through to the indexes.
 */
export class RecordsSql {
  readonly records: AuditRecords;
  readonly shape: RecordsShape;
  readonly ordType: string;
  readonly txidType: string | undefined;
  readonly keyType: string;
  readonly hasImages: boolean;
  /** Images are added up from records that hold what changed: a column that no record tells is in none of them. */
  readonly hasParts: boolean;
  /** Of the tables of a trail whose records name no schema. */
  readonly #defaultSchema: string;

  constructor(records: AuditRecords, shape: RecordsShape, defaultSchema = 'public') {
    this.#defaultSchema = defaultSchema;
    this.records = records;
    this.shape = shape;
    const { id, at, transaction, rowKey, oldRow, newRow, newValues, changes } = records.columns;
    this.ordType = this.hasOrderedIds ? this.typeOf(id) : this.typeOf(at);
    this.txidType = transaction === undefined ? undefined : this.typeOf(transaction);
    this.keyType = rowKey === undefined ? 'text' : this.typeOf(rowKey);
    this.hasParts = changes !== undefined;
    this.hasImages = this.hasParts || (oldRow !== undefined && (newRow ?? newValues) !== undefined);
  }

  get hasOrderedIds(): boolean {
    return integerTypes.has(this.typeOf(this.records.columns.id));
  }

  /** Whether images are kept as text, which may turn out to be no JSON. */
  get parsesImages(): boolean {
    return this.#imageRefs.some((ref) => this.shape.types.get(ref.column) !== 'jsonb' && !this.#isHstore(ref));
  }

  /** Whether all values in images are texts, as the writer's language or the server spells them. */
  get spellsValues(): boolean {
    return this.hasParts || this.#imageRefs.some((ref) => this.#isHstore(ref));
  }

  /** Where the key is a value of the row images, the path to it: it is that of tables whose key is the column of this name. */
  get keyInImages(): readonly string[] | undefined {
    const { rowKey } = this.records.columns;
    return this.#imageRefs.some(({ column, path }) => column === rowKey?.column && path === undefined)
      ? (rowKey?.path ?? [])
      : undefined;
  }

  get #imageRefs(): readonly ColumnRef[] {
    const { oldRow, newRow, newValues, changes } = this.records.columns;
    return [oldRow, newRow, newValues, changes].filter((ref): ref is ColumnRef => ref !== undefined);
  }

  /** Of whatever schema the extension is in. */
  #isHstore({ column }: ColumnRef): boolean {
    return /(?:^|\.)hstore$/.test(this.shape.types.get(column) ?? '');
  }

  get idType(): string {
    return this.typeOf(this.records.columns.id);
  }

  get live(): string {
    return this.#select(this.records.table, false);
  }

  /** Live and archived records as one. */
  get all(): string {
    const { archive } = this.records;
    return archive === undefined ? this.live : `(${this.live} union all ${this.#select(archive, true)})`;
  }

  /** Whether records say of which schema's table they are, so that those of this table can be told apart. */
  tells(table: QualifiedName): boolean {
    const { columns } = this.records;
    if (this.#wordOf(table) !== undefined) return true;
    return columns.schema !== undefined || columns.fixedTable !== undefined || table.schema === this.#defaultSchema;
  }

  get #words(): readonly (readonly [word: string, table: string])[] {
    return Object.entries(this.records.tables ?? {});
  }

  /** What records write in place of this table's name. */
  #wordOf(table: QualifiedName): string | undefined {
    return this.#words.find(([, own]) => {
      const { schema, name } = parseQualified(own);
      return schema === table.schema && name === table.name;
    })?.[0];
  }

  /**
   * All records as an export gives them: `id`, `ord`, `sch`, `tbl`, `key` as above, and `written_at`, `op`, `old_text`,
   * `new_text` as they are written. Nothing is converted, so that nothing fails on what cannot be.
   */
  get exported(): string {
    const { archive } = this.records;
    const live = this.#export(this.records.table, false);
    return archive === undefined ? live : `(${live} union all ${this.#export(archive, true)})`;
  }

  /** True for records of one table, in terms of a derived table's alias. */
  ofTable(alias: string, table: QualifiedName): string {
    const { schema, table: name, fixedTable } = this.records.columns;
    const parts: string[] = [];
    if (fixedTable !== undefined) {
      const fixed = parseQualified(fixedTable);
      if (fixed.schema !== table.schema || fixed.name !== table.name) return 'false';
    }
    const word = this.#wordOf(table);
    // Numbers as words for tables: what is no number would end the query.
    if (name !== undefined && integerTypes.has(this.typeOf(name)) && !/^\d+$/.test(word ?? '')) return 'false';
    if (word !== undefined) return `${alias}.tbl = ${literal(word)}`;
    // A table of the same name in another schema is another table, and so is one whose name is the word of another.
    if (!this.tells(table) || this.#words.some(([each]) => each === table.name)) return 'false';
    if (schema !== undefined) parts.push(`${alias}.sch = ${literal(table.schema)}`);
    if (name !== undefined) parts.push(`${alias}.tbl = ${literal(table.name)}`);
    return parts.length === 0 ? 'true' : parts.join(' and ');
  }

  /** `schema.table` of a record as one text; where the trail names no schema, the first one in scope. */
  tableText(alias: string): string {
    const { schema, table, fixedTable } = this.records.columns;
    if (table === undefined) return literal(fixedTable ?? '');
    const prefix = schema === undefined ? literal(`${this.#defaultSchema}.`) : `(${alias}.sch)::text || '.'`;
    const plain = `${prefix} || (${alias}.tbl)::text`;
    const words = this.#words.map(
      ([word, own]) => `when ${literal(word)} then ${literal(textOf(parseQualified(own)))}`,
    );
    return words.length === 0 ? plain : `(case (${alias}.tbl)::text ${words.join(' ')} else ${plain} end)`;
  }

  /** The transaction of a record in xid8 space as bigint; from its own xmin where there is no such column. */
  txidOf(alias: string, xid8OfRow: (xmin: string) => string): string {
    if (this.txidType !== undefined) return `(${alias}.txid)::text::bigint`;
    return xid8OfRow(`${alias}.row_xid`);
  }

  typeOf(ref: ColumnRef): string {
    if (ref.path !== undefined && ref.path.length > 0) return 'text';
    return this.shape.types.get(ref.column) ?? 'text';
  }

  #select(table: string, isArchive: boolean): string {
    const column = (name: RefName, alias: string) => `${this.#column(name, isArchive)} as ${alias}`;
    const id = this.#column('id', isArchive);
    const at = this.#column('at', isArchive);
    const images = this.#images(isArchive);
    const columns = [
      `${id} as id`,
      `${this.#ord(isArchive)} as ord`,
      column('transaction', 'txid'),
      `(${at})::timestamptz as at`,
      `${this.#operation(isArchive)} as op`,
      column('schema', 'sch'),
      column('table', 'tbl'),
      `${this.#rowKey(isArchive)} as key`,
      `${images.old} as old`,
      `${images.new} as new`,
      ...(['actor', 'actorKind', 'application', 'correlation', 'reason'] as const).map(
        (name) => `(${this.#column(name, isArchive)})::text as ${shortNames[name]}`,
      ),
      isArchive ? 'null::xid as row_xid, false as live' : 't.xmin as row_xid, true as live',
    ];
    return `(select ${columns.join(', ')} from ${qualified(parseQualified(table))} t)`;
  }

  #export(table: string, isArchive: boolean): string {
    const { newRow, newValues } = this.records.columns;
    const after = newRow !== undefined ? 'newRow' : newValues !== undefined ? 'newValues' : 'changes';
    const columns = [
      `${this.#column('id', isArchive)} as id`,
      `${this.#ord(isArchive)} as ord`,
      `(${this.#column('at', isArchive)})::text as written_at`,
      `${this.#operation(isArchive)} as op`,
      `${this.#column('schema', isArchive)} as sch`,
      `${this.#column('table', isArchive)} as tbl`,
      `${this.#rowKey(isArchive)} as key`,
      `${this.#imageText('oldRow', isArchive)} as old_text`,
      `${this.#imageText(after, isArchive)} as new_text`,
    ];
    return `(select ${columns.join(', ')} from ${qualified(parseQualified(table))} t)`;
  }

  /** Some trails write the key of a deleted row in a column of its own. */
  #rowKey(isArchive: boolean): string {
    const key = this.#column('rowKey', isArchive);
    return this.records.columns.rowKeyBefore === undefined
      ? key
      : `coalesce(${key}, ${this.#column('rowKeyBefore', isArchive)})`;
  }

  #column(name: RefName, isArchive: boolean): string {
    const ref = this.records.columns[name];
    if (ref === undefined) return 'null::text';
    if (isArchive && this.shape.archiveLacks.has(ref.column)) return `null::${this.typeOf(ref)}`;
    const base = `t.${ident(ref.column)}`;
    if (ref.path === undefined || ref.path.length === 0) return base;
    return `((${this.#asJsonb(base, ref)}) #>> ${pathLiteral(ref.path)})`;
  }

  #ord(isArchive: boolean): string {
    return this.#column(this.hasOrderedIds ? 'id' : 'at', isArchive);
  }

  #images(isArchive: boolean): { readonly old: string; readonly new: string } {
    const { old, new: after } = imagesOf(this.#operation(isArchive), this.#forms(isArchive));
    if (!this.hasParts) return wholeImages(this.records, this.shape, { old, new: after });
    const { schema, table } = this.records.columns;
    const same = [
      schema === undefined ? [] : `h.sch = ${this.#column('schema', isArchive)}`,
      table === undefined ? [] : `h.tbl = ${this.#column('table', isArchive)}`,
      `h.key = ${this.#rowKey(isArchive)}`,
      `h.ord <= ${this.#ord(isArchive)}`,
    ].flat();
    return { old, new: `case when ${after} is not null then ${foldedSince(this.#parts, same.join(' and '))} end` };
  }

  /** Live and archived records with what each of them changed. */
  get #parts(): string {
    const { table, archive } = this.records;
    const select = (
      name: string,
      isArchive: boolean,
    ) => `select ${this.#ord(isArchive)} as ord, ${this.#operation(isArchive)} as op,
      ${this.#column('schema', isArchive)} as sch, ${this.#column('table', isArchive)} as tbl, ${this.#rowKey(isArchive)} as key,
      ${imagesOf(this.#operation(isArchive), this.#forms(isArchive)).new} as part from ${qualified(parseQualified(name))} t`;
    return [select(table, false), archive === undefined ? [] : select(archive, true)].flat().join(' union all ');
  }

  #forms(isArchive: boolean): ImageForms {
    const { newValues, changes } = this.records.columns;
    return {
      oldRow: this.#image('oldRow', isArchive),
      newRow: this.#image('newRow', isArchive),
      newValues: newValues === undefined ? undefined : this.#image('newValues', isArchive),
      changes: changes === undefined ? undefined : this.#image('changes', isArchive),
    };
  }

  #image(name: ImageName, isArchive: boolean): string {
    const ref = this.records.columns[name];
    if (ref === undefined) return 'null::jsonb';
    if (isArchive && this.shape.archiveLacks.has(ref.column)) return 'null::jsonb';
    const base = this.#asJsonb(`t.${ident(ref.column)}`, ref);
    return ref.path === undefined || ref.path.length === 0 ? base : `(${base} #> ${pathLiteral(ref.path)})`;
  }

  /** As it is written, and what no export knows as JSON. */
  #imageText(name: ImageName, isArchive: boolean): string {
    const ref = this.records.columns[name];
    const isWritten = ref === undefined || !this.#isHstore(ref);
    return `(${isWritten ? this.#column(name, isArchive) : this.#image(name, isArchive)})::text`;
  }

  #asJsonb(base: string, ref: ColumnRef): string {
    return this.shape.types.get(ref.column) === 'jsonb' ? base : `(${base})::jsonb`;
  }

  #operation(isArchive: boolean): string {
    const column = `(${this.#column('operation', isArchive)})::text`;
    const words = Object.entries(this.records.operations);
    if (words.length === 0) return column;
    return `case ${column} ${words.map(([theirs, ours]) => `when ${literal(theirs)} then ${literal(ours)}`).join(' ')} end`;
  }
}

const shortNames = {
  actor: 'actor',
  actorKind: 'kind',
  application: 'app',
  correlation: 'corr',
  reason: 'reason',
} as const;

function pathLiteral(path: readonly string[]): string {
  const elements = path.map((part) => `"${part.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  return `${literal(`{${elements.join(',')}}`)}::text[]`;
}

export function isTextType(type: string): boolean {
  return textTypes.has(type);
}
