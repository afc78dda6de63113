import type { Shows } from './cases.js';
import type { Innocent } from './soak.js';

const accounts = 'public.accounts';
const past = (sql: string) =>
  `begin; alter table accounts disable trigger kop_audit_row; ${sql}; alter table accounts enable always trigger kop_audit_row; commit`;
const shown = { 'fingerprint_changes_total trigger': 1 };
const confirmed: Shows = { [`table_state ${accounts}`]: 'confirmed' };

/** Each is a loss that somebody plants while everybody works, and that must be found. */
function loss(name: string, sql: string, shows: Shows): Innocent {
  return { name, happens: (office, soak) => soak.loses(shows, async () => void (await office.sql(sql))) };
}

export const losses: readonly Innocent[] = [
  loss('a change past the trigger', past('update accounts set balance = balance + 1 where id = 15'), {
    ...shown,
    ...confirmed,
    'counter_residual operations_calls': (value) => Number(value) > 0,
    [`missing_events_total ${accounts} UPDATE`]: 1,
    [`replay_mismatches ${accounts} different`]: 1,
  }),
  loss(
    'rows inserted and deleted past the trigger',
    past(
      "insert into accounts (id, name) select i, 'gone' from generate_series(60001, 60005) i; delete from accounts where id > 60000 and id < 60006",
    ),
    {
      ...shown,
      'counter_residual operations_calls': (value) => Number(value) >= 10,
      'unaccounted_changes operations_calls above': (value) => Number(value) >= 10,
      'unaccounted_changes_total operations_calls above': 10,
    },
  ),
  loss(
    'the newest record of a row deleted',
    `set audit.actor = 'ann'; begin; update accounts set balance = balance + 1 where id = 19; commit;
     begin; delete from audit.log where id = (select max(id) from audit.log where table_name = 'accounts' and pk = '{"id": 19}'); commit`,
    {
      ...confirmed,
      'counter_residual records_mutated': 1,
      'evidence_state records': 'degraded',
      [`missing_events_total ${accounts} UPDATE`]: 1,
      [`replay_mismatches ${accounts} different`]: 1,
    },
  ),
];
