import { describe, expect, test } from 'vitest';
import { observed } from '../../../../support/audit-trail/observed.js';
import { enrol, snapshot } from '../../../../support/audit-trail/schema.js';
import { majors } from '../../../../support/postgres/majors.js';
import { type SchemaChange, schemaChanges } from './schema-changes.js';

/** Of the change with this number; each is tried on a table of its own, and on a second one that loses a record. */
const nameOf = (index: number, kind: 'kept' | 'lost') => `${kind}_${index}`;

function written(sql: string, index: number, kind: 'kept' | 'lost'): string {
  const names: Readonly<Record<string, string>> = Object.fromEntries(
    ['P', 'Q', 'R', 'C', 'D'].map((letter) => [letter, `${letter.toLowerCase()}_${nameOf(index, kind)}`]),
  );
  return sql
    .replaceAll(/\b([PQRCD])\b/g, (letter) => names[letter] ?? letter)
    .replaceAll(/\bT(?=\b|_)/g, nameOf(index, kind));
}

describe.each(process.env.KOP_LONG === '1' ? majors : [17])('PostgreSQL %i', (major) => {
  const lab = observed(major);

  test('each form of schema change is quiet or explained, and a record that is lost beside it is found', async () => {
    await lab.prepare();
    const changes = schemaChanges
      .map((change, index) => ({ ...change, index }))
      .filter(({ from = 0 }) => from <= major);
    const each = (text: (change: SchemaChange & { index: number }, kind: 'kept' | 'lost') => string | undefined) =>
      changes.flatMap((change) => (['kept', 'lost'] as const).flatMap((kind) => text(change, kind) ?? []));
    await lab.fixture.sql(
      "create type mood as enum ('fine', 'bad'); create type row_type as (id int, note text, amount numeric(12, 2), at timestamptz)",
    );
    for (const statement of each(({ index, before = '' }, kind) => {
      const table = nameOf(index, kind);
      return `create table ${table} (id int primary key, note text, amount numeric(12, 2), at timestamptz);
      insert into ${table} select i, 'n' || i, i + 0.25, '2026-01-02 03:04:05+00' from generate_series(1, 6) i; ${written(before, index, kind)};
      ${enrol(`public.${table}`)} ${snapshot('public', table)} grant select on ${table} to ${lab.fixture.observerRole}`;
    }))
      await lab.fixture.sql(statement);
    lab.watch();
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    const tables = (kind: 'kept' | 'lost') => changes.map(({ index }) => `public.${nameOf(index, kind)}`);
    expect(new Set([...tables('kept'), ...tables('lost')].map((table) => lab.watching.state(table)))).toEqual(
      new Set(['ok']),
    );

    const failures: string[] = [];
    for (const { index, sql, state, form, inserts = '(id) values (100)' } of changes)
      for (const kind of ['kept', 'lost'] as const) {
        const table = nameOf(index, kind);
        await lab.fixture.sql(`update ${table} set amount = amount + 1 where amount < 3`);
        await lab.fixture
          .sql(written(sql, index, kind))
          .catch((error: unknown) => failures.push(`${form}: ${String(error)}`));
        if (state === 'gone') continue;
        await lab.fixture
          .sql(
            `insert into ${table} ${inserts}; update ${table} set at = now() where ctid = (select max(ctid) from ${table})`,
          )
          .catch((error: unknown) => failures.push(`${form}: ${String(error)}`));
        await lab.fixture.sql(
          `update ${table} set at = '2026-05-06 07:08:09+00' where ctid in (select ctid from ${table} order by ctid limit 2)`,
        );
        if (kind === 'lost')
          await lab.fixture.sql(
            `begin; alter table ${table} disable trigger audit_row; update ${table} set at = '2020-01-01 00:00:00+00' where ctid = (select min(ctid) from ${table});
            delete from ${table} where ctid = (select ctid from ${table} order by ctid limit 1); alter table ${table} enable always trigger audit_row; commit`,
          );
      }
    expect(failures).toEqual([]);
    for (let i = 0; i < 4; i += 1) await lab.watching.look();
    const said = (kind: 'kept' | 'lost') =>
      changes.map(({ form, index }) => [
        form,
        lab.watching.state(`public.${nameOf(index, kind)}`),
        lab.watching.reason(`public.${nameOf(index, kind)}`),
      ]);
    const lostIn = (form: string) => changes.find((change) => change.form === form)?.found ?? 2;
    const stateOf = (form: string) => changes.find((change) => change.form === form)?.state;
    const wrong = [
      ...said('kept').filter(([form = '', state]) => !statesOf(stateOf(form)).includes(state)),
      ...said('lost').filter(
        ([form = '', state, reason = '']) =>
          stateOf(form) !== 'gone' && !(state === 'confirmed' && reason.startsWith(`${lostIn(form)} missing`)),
      ),
    ];
    expect(wrong).toEqual([]);
  }, 240_000);
});

function statesOf(state: SchemaChange['state']): readonly (string | undefined)[] {
  if (state === 'gone') return [undefined];
  return ['ok', 'explained'];
}
