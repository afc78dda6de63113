/**
 * What recording costs the writers: transactions per second without it, with it, and with a hash chain in the database,
 * which needs a lock; in turns.
 *
 * Usage: node dist/bench/audit/writer.js [--rounds 3] [--seconds 6]
 */
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { numberOption, quietly, startBench } from './support.js';
import { transactionsPerSecond } from './traffic.js';

const ROWS = 20_000;
const CLIENTS = [1, 4, 16] as const;
const rounds = numberOption('rounds', 3);
const seconds = numberOption('seconds', 6);

/** Each record holds the hash of the one before; without the lock two would take the same one for that. */
const CHAIN = `
create extension if not exists pgcrypto schema public;
create table chain (n bigserial primary key, hash bytea not null);
insert into chain (hash) values ('');
create function link() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  perform pg_advisory_xact_lock(4711);
  insert into public.chain (hash)
  select public.digest(c.hash || convert_to(to_jsonb(new)::text, 'UTF8'), 'sha256') from public.chain c order by n desc limit 1;
  return null;
end $$;
create trigger zz_link after insert or update on accounts for each row execute function link();
alter table accounts disable trigger zz_link;`;

type Kind = 'without' | 'with' | 'chained';
const prepare: Readonly<Record<Kind, string>> = {
  without: 'alter table accounts disable trigger kop_audit_row; alter table accounts disable trigger zz_link',
  with: 'alter table accounts enable always trigger kop_audit_row; alter table accounts disable trigger zz_link',
  chained: 'alter table accounts enable always trigger kop_audit_row; alter table accounts enable trigger zz_link',
};

const bench = await startBench({ rows: ROWS, tables: 0 });
try {
  await bench.client.query(CHAIN);
  await quietly();
  const found = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const clients of CLIENTS) {
      for (const kind of ['without', 'with', 'chained'] as const) {
        await bench.client.query(prepare[kind]);
        const tps = await transactionsPerSecond({ url: bench.server.adminUrl, clients, seconds, rows: ROWS });
        const key = `${kind} ${clients}`;
        found.set(key, [...(found.get(key) ?? []), tps]);
      }
    }
  }
  const of = (kind: Kind, clients: number) => median(found.get(`${kind} ${clients}`) ?? []);
  report(
    'Cost of recording',
    CLIENTS.map((clients) => ({
      what: `transactions/s of ${clients} clients, one row each, median of ${rounds} × ${seconds} s`,
      ours: `${of('with', clients).toFixed(0)} (${((of('with', clients) / of('without', clients)) * 100).toFixed(0)} %)`,
      peer: `${of('without', clients).toFixed(0)} without, ${of('chained', clients).toFixed(0)} with a locked chain`,
      limit: 'more than with a chain',
      holds: of('with', clients) > of('chained', clients),
    })),
  );
} finally {
  await bench.close();
}
