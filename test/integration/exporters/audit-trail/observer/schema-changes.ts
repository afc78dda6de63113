/** Every form of schema change that PostgreSQL 15 to 18 know and that touches a table, with what the observer says of it. */
export interface SchemaChange {
  readonly form: string;
  /** `T` stands for the table, public.x_1 or another; two-step forms are one text. */
  readonly sql: string;
  /** Before the observer begins. The table is `T (id int primary key, note text, amount numeric(12, 2), at timestamptz)`. */
  readonly before?: string;
  /** Columns and values of a row that is inserted afterwards; (id) values (100) unless given. */
  readonly inserts?: string;
  /** Where it is neither quiet nor explained: the table is gone. */
  readonly state?: 'gone';
  /** Of an update and a deletion that no trigger saw, right afterwards, so many are found; both unless given. */
  readonly found?: 1;
  /** Why it is no ordinary one; for the page. */
  readonly remark?: string;
  readonly from?: number;
}

const LATE = 'rows that were written in between, and not since, stay explained until a baseline';
const LOST =
  'rows that are not written any more after it stay explained until a baseline, and whether one of them was deleted cannot be told';

export const schemaChanges: readonly SchemaChange[] = [
  { form: 'ADD COLUMN', sql: 'alter table T add column extra text' },
  { form: 'ADD COLUMN with a constant default', sql: "alter table T add column extra text not null default 'x'" },
  {
    form: 'ADD COLUMN with a volatile default, which rewrites the table',
    sql: 'alter table T add column extra timestamptz not null default clock_timestamp()',
  },
  {
    form: 'ADD COLUMN … GENERATED … STORED',
    sql: 'alter table T add column twice numeric generated always as (amount * 2) stored',
  },
  {
    form: 'ADD COLUMN … GENERATED … VIRTUAL',
    sql: 'alter table T add column twice numeric generated always as (amount * 2) virtual',
    from: 18,
  },
  { form: 'ADD COLUMN … IDENTITY', sql: 'alter table T add column number bigint generated always as identity' },
  { form: 'DROP COLUMN', sql: 'alter table T drop column note' },
  {
    form: 'DROP COLUMN, then ADD COLUMN of the same name',
    sql: 'alter table T drop column note; alter table T add column note text',
  },
  {
    form: 'DROP COLUMN, then ADD COLUMN of the same name and another type',
    sql: 'alter table T drop column note; alter table T add column note int default 7',
  },
  {
    form: 'DROP COLUMN, then ADD COLUMN of the same name with other numbers',
    sql: 'alter table T drop column amount; alter table T add column amount numeric(12, 2) default 900',
  },
  { form: 'RENAME COLUMN', sql: 'alter table T rename column note to remark' },
  {
    form: 'RENAME COLUMN of the key',
    sql: 'alter table T rename column id to number',
    inserts: '(number) values (100)',
  },
  {
    form: 'RENAME COLUMN of the key, twice between two polls',
    remark: LATE,
    sql: "alter table T rename column id to a; update T set note = 'a' where a = 1; alter table T rename column a to b",
    inserts: '(b) values (100)',
  },
  {
    form: 'RENAME COLUMN of the key, and another column takes its name and place',
    sql: 'alter table T rename column id to old_id; alter table T rename column uid to id; alter table T drop constraint T_pkey, add primary key (id); alter table T alter column old_id drop not null',
    before: 'alter table T add column uid uuid not null default gen_random_uuid()',
    inserts: '(old_id) values (100)',
    found: 1,
    remark: LOST,
  },
  {
    form: 'ALTER COLUMN TYPE to a wider one',
    sql: 'alter table T alter column id type bigint, alter column amount type numeric(16, 4)',
  },
  { form: 'ALTER COLUMN TYPE of a text', sql: 'alter table T alter column note type varchar(50)' },
  {
    form: 'ALTER COLUMN TYPE … USING, lossy',
    sql: 'alter table T alter column amount type integer using round(amount)',
  },
  {
    form: 'ALTER COLUMN TYPE … USING, to another kind',
    sql: 'alter table T alter column amount type text using amount::text',
  },
  { form: 'ALTER COLUMN TYPE of a time to one without a zone', sql: 'alter table T alter column at type timestamp' },
  { form: 'ALTER COLUMN TYPE to an enumeration', sql: "alter table T alter column note type mood using 'fine'" },
  { form: 'ALTER COLUMN TYPE to an array', sql: 'alter table T alter column note type text[] using array[note]' },
  { form: 'ALTER COLUMN TYPE to jsonb', sql: 'alter table T alter column note type jsonb using to_jsonb(note)' },
  {
    form: 'SET DEFAULT, DROP DEFAULT',
    sql: "alter table T alter column note set default 'y', alter column at drop default",
  },
  {
    form: 'SET NOT NULL, DROP NOT NULL',
    sql: 'alter table T alter column note set not null; alter table T alter column note drop not null',
  },
  {
    form: 'SET EXPRESSION',
    sql: 'alter table T alter column twice set expression as (amount * 3)',
    before: 'alter table T add column twice numeric generated always as (amount * 2) stored',
    from: 17,
  },
  {
    form: 'DROP EXPRESSION',
    sql: 'alter table T alter column twice drop expression',
    before: 'alter table T add column twice numeric generated always as (amount * 2) stored',
  },
  {
    form: 'ADD GENERATED, DROP IDENTITY, RESTART',
    sql: 'alter table T alter column id add generated by default as identity; alter table T alter column id restart with 5000; alter table T alter column id drop identity',
  },
  {
    form: 'SET STATISTICS, STORAGE, COMPRESSION',
    sql: 'alter table T alter column note set statistics 500, alter column note set storage external, alter column note set compression pglz',
  },
  {
    form: 'ADD CHECK … NOT VALID, VALIDATE CONSTRAINT',
    sql: 'alter table T add constraint C check (amount > -1) not valid; alter table T validate constraint C',
  },
  {
    form: 'ADD UNIQUE, RENAME CONSTRAINT, DROP CONSTRAINT',
    sql: 'alter table T add constraint C unique (id, note); alter table T rename constraint C to D; alter table T drop constraint D',
  },
  { form: 'ADD FOREIGN KEY', sql: 'alter table T add constraint C foreign key (id) references T (id)' },
  {
    form: 'the primary key gains a column',
    sql: 'alter table T drop constraint T_pkey, add primary key (id, amount)',
    before: 'alter table T alter column amount set default 9',
  },
  {
    form: 'the primary key gains a column that is new',
    sql: 'alter table T add column tenant int not null default 1; alter table T drop constraint T_pkey, add primary key (tenant, id)',
  },
  {
    form: 'the primary key loses a column',
    sql: 'alter table T drop constraint T_pkey, add primary key (id)',
    before:
      'alter table T drop constraint T_pkey, add primary key (id, note); alter table T alter column note set default 9',
  },
  {
    form: 'the primary key loses a column with that column',
    sql: 'alter table T drop column note, add primary key (id)',
    before:
      'alter table T drop constraint T_pkey, add primary key (id, note); alter table T alter column note set default 9',
    found: 1,
    remark: LOST,
  },
  {
    form: 'another primary key of a new column, and DROP COLUMN of the one before',
    sql: 'alter table T add column uid uuid not null default gen_random_uuid(); alter table T drop column id, add primary key (uid)',
    inserts: '(note) values (100)',
    found: 1,
    remark: LOST,
  },
  {
    form: 'DROP CONSTRAINT of the primary key, and later ADD PRIMARY KEY',
    remark: LATE,
    sql: "alter table T drop constraint T_pkey; update T set note = 'k' where id = 1; alter table T add primary key (id)",
  },
  {
    form: 'ALTER COLUMN TYPE of the key to text',
    sql: 'alter table T alter column id type text using id::text',
  },
  {
    form: 'ALTER COLUMN TYPE of the key to a number',
    sql: 'alter table T alter column id type bigint using id::bigint',
    before: 'alter table T alter column id type text using id::text',
  },
  {
    form: 'ALTER COLUMN TYPE … USING of the key, to other values',
    sql: 'alter table T alter column id type numeric using id * 10',
    inserts: '(id) values (1000)',
    found: 1,
    remark: LOST,
  },
  {
    form: 'another primary key of the same column',
    sql: 'alter table T drop constraint T_pkey, add constraint C primary key (id)',
  },
  {
    form: 'CREATE INDEX, ALTER INDEX, REINDEX, DROP INDEX',
    sql: 'create index C on T (note); alter index C rename to D; reindex table T; drop index D',
  },
  { form: 'CLUSTER', sql: 'cluster T using T_pkey' },
  { form: 'SET (fillfactor), RESET', sql: 'alter table T set (fillfactor = 70); alter table T reset (fillfactor)' },
  { form: 'SET UNLOGGED, SET LOGGED', sql: 'alter table T set unlogged; alter table T set logged' },
  { form: 'SET TABLESPACE', sql: 'alter table T set tablespace pg_default' },
  { form: 'SET ACCESS METHOD', sql: 'alter table T set access method heap' },
  { form: 'REPLICA IDENTITY', sql: 'alter table T replica identity full' },
  { form: 'OWNER TO', sql: 'alter table T owner to pg_database_owner' },
  {
    form: 'INHERIT, NO INHERIT',
    sql: 'create table P (id int, note text); alter table T inherit P; alter table T no inherit P',
  },
  { form: 'a table that inherits from it', sql: 'create table P () inherits (T)' },
  {
    form: 'CREATE TABLE … AS, SELECT INTO, LIKE',
    sql: 'create table P as select * from T; select * into Q from T; create table R (like T including all); drop table P, Q, R',
  },
  { form: 'OF, NOT OF a type', sql: 'alter table T of row_type; alter table T not of' },
  {
    form: 'RULE, VIEW, MATERIALIZED VIEW over it',
    sql: 'create view P as select * from T; create materialized view Q as select * from T; create rule C as on insert to P do instead nothing',
  },
  {
    form: 'CREATE TRIGGER of another kind',
    sql: 'create trigger C before update on T for each row execute function suppress_redundant_updates_trigger()',
  },
  {
    form: 'CREATE STATISTICS, COMMENT, GRANT, SECURITY LABEL',
    sql: "create statistics C on note, amount from T; comment on table T is 'x'; grant select on T to public",
  },
  {
    form: 'ALTER TYPE … ADD VALUE',
    sql: "alter type mood add value if not exists 'great'",
    before: "alter table T add column mood mood default 'fine'",
  },
  {
    form: 'ALTER TYPE … ADD ATTRIBUTE',
    sql: 'alter type P add attribute floor int cascade',
    before: "create type P as (street text); alter table T add column place P default row('a')",
  },
  {
    form: 'ALTER TYPE … RENAME ATTRIBUTE',
    sql: 'alter type P rename attribute street to road cascade',
    before: "create type P as (street text); alter table T add column place P default row('a')",
  },
  {
    form: 'ALTER TYPE … RENAME VALUE',
    sql: "alter type P rename value 'a' to 'b'",
    before: "create type P as enum ('a'); alter table T add column place P default 'a'",
  },
  {
    form: 'ALTER DOMAIN … ADD CONSTRAINT',
    sql: 'alter domain P add constraint C check (value > -1)',
    before: 'create domain P as int; alter table T add column place P default 3',
  },
  { form: 'TRUNCATE', sql: 'truncate T', found: 1 },
  {
    form: 'RENAME TO',
    sql: 'alter table T rename to T_new',
    state: 'gone',
    remark: 'the new name is another table: its rows have no records until it is baselined',
  },
  { form: 'DROP TABLE', sql: 'drop table T', state: 'gone' },
];
