/** A database that holds an evidence store. Statements use `?` for values, in SQL that all of them understand. */
export interface EvidenceDatabase {
  /** For messages. */
  readonly name: string;
  /** @throws {EvidenceUnavailable | EvidenceDamaged} */
  all(sql: string, values?: readonly unknown[]): Promise<readonly unknown[]>;
  /** All of it or nothing; when it resolves, it is on the disk. One at a time. */
  atomically<T>(work: (inside: Pick<EvidenceDatabase, 'all'>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Tables of a store; the dialects differ in what a large integer and a generated number are called. */
export function tablesOf(dialect: {
  readonly integer: string;
  readonly generated: string;
  /** What stands before the name of each table. */
  readonly schema: string;
}): string {
  const { integer, generated, schema } = dialect;
  return `
    create table ${schema}series (id ${generated}, board text not null, control text not null, unique (board, control));
    create table ${schema}contents (id ${generated}, sha256 text not null unique, text text not null);
    create table ${schema}definitions (sha256 text primary key, text text not null);
    create table ${schema}evaluations (
      number ${integer} primary key, series ${integer} not null, at ${integer} not null, content ${integer} not null,
      seen text not null
    );
    create index evaluations_by_series on ${schema}evaluations (series, at, number);
    create table ${schema}transitions (
      number ${integer} primary key, series ${integer} not null, at ${integer} not null, raw text not null,
      effective text not null, before text
    );
    create index transitions_by_series on ${schema}transitions (series, number);
    create table ${schema}extent (one integer primary key check (one = 1), last ${integer} not null, up_to ${integer} not null);
    insert into ${schema}extent values (1, 0, 0);
  `;
}
