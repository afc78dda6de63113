import type { ControlStatus, SqlCheck } from '../../../pack/compliance/model/index.js';
import { lookBySql } from '../checks/sql.js';
import type { WatchedDatabase, WatchedDatabases } from '../evaluation/watched-database.js';
import { judgedKnown, knownCheck } from './known-control.js';

/** Rows of constants, which need no table and no right, and what a check of `== 0` must make of each. */
const rows: readonly (readonly [name: string, query: string, want: ControlStatus])[] = [
  ['zero', 'select 0 as value', 'compliant'],
  ['one', 'select 1 as value', 'non_compliant'],
  ['a digit that a double loses', 'select 10000000000000001 - 10000000000000000 as value', 'non_compliant'],
  ['no row', 'select 0 as value where false', 'unknown'],
  ['two rows', 'select v as value from (values (0), (0)) as t (v)', 'unknown'],
  ['no value', 'select null::int as value', 'unknown'],
  ['a text', `select 'none' as value`, 'unknown'],
  ['not a number', `select 'NaN'::numeric as value`, 'unknown'],
  ['another column', 'select 0 as amount', 'unknown'],
  ['evidence of yesterday', `select 0 as value, now() - interval '1 day' as as_of`, 'unknown'],
  ['evidence without a time', 'select 0 as value, null::timestamptz as as_of', 'unknown'],
];

type Answer = ReturnType<typeof judgedKnown>;

/** Asks each database that can be reached. One that cannot says nothing of the evaluator, and is told elsewhere. */
export async function askDatabases(databases: WatchedDatabases, signal: AbortSignal): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const [name, database] of databases) {
    if (typeof database !== 'string') answers.push(...(await ask(name, database, signal)));
  }
  return answers;
}

async function ask(name: string, database: WatchedDatabase, signal: AbortSignal): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const row of rows) {
    let answer = await askOne(name, database, row, signal);
    // A connection that was cut in the middle is no fault of the evaluator; one that is wrong is so twice.
    if (!answer.isRight) answer = await askOne(name, database, row, signal);
    if (database.isUp !== true) return [];
    answers.push(answer);
  }
  return answers;
}

async function askOne(
  database: string,
  connection: WatchedDatabase,
  [name, query, want]: (typeof rows)[number],
  signal: AbortSignal,
): Promise<Answer> {
  const check: SqlCheck = { ...knownCheck, kind: 'sql', database, query };
  const now = new Date();
  const found = await lookBySql(check, { databases: new Map([[database, connection]]) })({ signal, now });
  return judgedKnown(`a row with ${name} in the database ${database}`, check, found, want, now);
}
