/**
 * What recording costs the writers: transactions per second without it, with it, and with other audit triggers beside it,
 * each in a database of its own, in turns.
 *
 * Usage: node dist/bench/audit/writer.js [--rounds 3] [--seconds 4] [--peer NAME=FILE …]
 *
 * FILE is SQL that installs another audit trigger on the tables public.accounts and public.wide, which are there by then.
 * None is part of this repository; for one that is fetched, append to its file the statements that switch it on.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { installSql } from '../../exporters/audit-trail/writer/index.js';
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { numberOption, quietly, startBench } from './support.js';
import { transactionsPerSecond } from './traffic.js';

const ROWS = 20_000;
const WIDE_ROWS = 500;
const rounds = numberOption('rounds', 3);
const seconds = numberOption('seconds', 4);

const workloads = [
  { name: 'one row a statement, 1 client', clients: 1, rows: ROWS, statement: undefined },
  { name: 'one row a statement, 8 clients', clients: 8, rows: ROWS, statement: undefined },
  {
    name: '200 rows a statement, 1 client',
    clients: 1,
    rows: ROWS - 200,
    statement: 'update accounts set balance = balance + 1 where id between $1 and $1::bigint + 199',
  },
  ...[1, 8].map((clients) => ({
    name: `50 columns with 10 kB of jsonb, ${clients} client${clients === 1 ? '' : 's'}`,
    clients,
    rows: WIDE_ROWS,
    statement: 'update wide set n1 = n1 + 1, t1 = md5(t1) where id = $1',
  })),
];

const names = (letter: string) => Array.from({ length: 24 }, (_, index) => `${letter}${index + 1}`);

/** Room on each page, so that what is measured is recording and not the growth of the table. */
const WIDE = `
create table wide (id bigint primary key, ${names('t')
  .map((name) => `${name} text`)
  .join(', ')}, ${names('n')
  .map((name) => `${name} int`)
  .join(', ')}, doc jsonb) with (fillfactor = 50);
insert into wide select i, ${names('t').map((name) => `md5('${name}' || i)`)}, ${names('n').map(() => 'i')},
  (select jsonb_object_agg('key ' || g, md5(g::text || i)) from generate_series(1, 240) g) from generate_series(1, ${WIDE_ROWS}) i;`;

const bench = await startBench({ rows: ROWS, tables: 0 });
try {
  const plain = await database('plain', `drop schema audit cascade; ${WIDE}`);
  const installed = (name: string, changedColumns: boolean) =>
    database(
      name,
      `drop schema audit cascade; ${WIDE}
      ${installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: changedColumns, changedColumns })}`,
    );
  const ours = await installed('ours', false);
  const changed = await installed('changed', true);
  const peers = new Map<string, string>();
  for (const [name, file] of peerFiles())
    peers.set(name, await database(name, `drop schema audit cascade; ${WIDE}`, await readFile(file, 'utf8')));
  await quietly();
  const kinds = new Map([['plain', plain], ['ours', ours], ['changed', changed], ...peers]);
  const rows = [];
  for (const workload of workloads) {
    const found = new Map<string, number[]>([...kinds.keys()].map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round += 1)
      for (const [kind, url] of kinds) {
        const { clients, rows: upTo, statement } = workload;
        const work = { url, clients, seconds, rows: upTo, ...(statement === undefined ? {} : { statement }) };
        found.get(kind)?.push(await transactionsPerSecond(work));
      }
    const of = (kind: string) => median(found.get(kind) ?? []);
    const share = (kind: string) => `${of(kind).toFixed(0)} (${((of(kind) / of('plain')) * 100).toFixed(0)} %)`;
    rows.push({
      what: `transactions/s, ${workload.name}, median of ${rounds} × ${seconds} s`,
      ours: share('ours'),
      peer: [
        `${of('plain').toFixed(0)} plain, ${share('changed')} ours with --changed-columns`,
        ...[...peers.keys()].map((name) => `${share(name)} ${name}`),
      ].join(', '),
      limit: 'more than each other trigger',
      holds: [...peers.keys()].every((name) => of('ours') > of(name)),
    });
  }
  report('Cost of recording', rows);
} finally {
  await bench.close();
}

/** A copy of the bench's own database. Its event triggers go with the schema; the roles belong to the whole server. */
async function database(name: string, ...texts: readonly string[]): Promise<string> {
  const url = new URL(bench.server.adminUrl);
  const template = url.pathname.slice(1);
  url.pathname = `/${name}`;
  const maker = new URL(url);
  maker.pathname = '/postgres';
  await bench.client.end().catch(() => undefined);
  await run(maker.toString(), [`create database "${name}" template "${template}"`]);
  await run(url.toString(), texts);
  return url.toString();
}

async function run(url: string, texts: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const text of texts) await client.query(text);
  } finally {
    await client.end();
  }
}

function peerFiles(): (readonly [name: string, file: string])[] {
  const { values } = parseArgs({ options: { peer: { type: 'string', multiple: true } }, strict: false });
  return [values.peer ?? []].flat().map((given) => {
    const [, name, file] = /^([a-z_0-9]+)=(.+)$/.exec(String(given)) ?? [];
    if (name === undefined || file === undefined) throw new RangeError(`--peer takes NAME=FILE, not ${given}`);
    return [name, file] as const;
  });
}
