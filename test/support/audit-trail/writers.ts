import pg from 'pg';

export interface Writers {
  readonly committed: () => number;
  readonly rolledBack: () => number;
  /** Transactions that the database refused; only of writers that put up with it. */
  readonly refused: () => number;
  /** Ends when every writer has finished its transaction; rejects when one of them failed. */
  stop(): Promise<void>;
}

export interface WriterOptions {
  readonly url: string;
  readonly count?: number;
  readonly rollbackRatio?: number;
  /** Pause between transactions of one writer. */
  readonly pauseMs?: number;
  /** The same work in each run. */
  readonly seed?: number;
  /** Go on after an error of the database, and connect anew when it is gone; otherwise the first one ends the work. */
  readonly isPatient?: boolean;
  /**
   * Sessions report their counts with each commit, as busy ones do. Left to itself, one that pauses may take ten
   * seconds, and on a busy machine does.
   */
  readonly isPrompt?: boolean;
}

/** An office at work: inserts, updates and deletes on the audited tables, some of it rolled back. */
export async function startWriters({
  url,
  count = 10,
  rollbackRatio = 0.15,
  pauseMs = 5,
  seed = 1,
  isPatient = false,
  isPrompt = false,
}: WriterOptions): Promise<Writers> {
  let isRunning = true;
  let committed = 0;
  let rolledBack = 0;
  let refused = 0;
  const transact = async (client: pg.Client, random: () => number, index: number) => {
    await client.query('begin');
    await client.query(ATTRIBUTION, [`user-${index}`, `c-${committed}`]);
    if (isPrompt) await client.query('select pg_stat_force_next_flush()');
    for (let statement = 0; statement <= random() * 3; statement += 1) await client.query(change(random, index));
    const isRollback = random() < rollbackRatio;
    await client.query(isRollback ? 'rollback' : 'commit');
    if (isRollback) rolledBack += 1;
    else committed += 1;
  };
  const work = async (index: number) => {
    const random = generator(seed * 1000 + index);
    let client: pg.Client | undefined;
    try {
      while (isRunning) {
        try {
          client ??= await connect(url, index);
          await transact(client, random, index);
        } catch (error) {
          if (!isPatient) throw error;
          refused += 1;
          const isGone = await client?.query('rollback').then(
            () => false,
            () => true,
          );
          if (isGone === true) client = undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs * random() * 2));
      }
    } finally {
      await client?.end();
    }
  };
  const all = Array.from({ length: count }, (_, index) => work(index));
  // Awaited in stop(); until then a rejection must not count as unhandled.
  for (const one of all) one.catch(() => undefined);
  return {
    committed: () => committed,
    rolledBack: () => rolledBack,
    refused: () => refused,
    async stop() {
      isRunning = false;
      await Promise.all(all);
    },
  };
}

/** As the trail made by hand reads it, and as the installed one does. */
const ATTRIBUTION = `select set_config(name || '.actor', $1, true), set_config(name || '.correlation', $2, true),
  set_config(name || '.correlation_id', $2, true) from unnest(array['app', 'audit']) as name`;

async function connect(url: string, index: number): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: `writer-${index}` });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Each writer has rows of its own to change, so that they do not wait for one another all the time. */
function change(random: () => number, index: number): string {
  const pick = random();
  if (pick < 0.4)
    return `insert into public.accounts (name, balance, score) values ('w${index}', ${Math.floor(random() * 1e6) / 100}, ${random()})`;
  if (pick < 0.65)
    return `update public.accounts set balance = balance + 1.01 where id = (select max(id) from public.accounts where name = 'w${index}')`;
  if (pick < 0.75)
    return `delete from public.accounts where id = (select min(id) from public.accounts where name = 'w${index}')`;
  if (pick < 0.9)
    return `insert into public.holdings values (${index}, 'f${Math.floor(random() * 20)}', ${Math.floor(random() * 100)}) on conflict (account_id, fund) do update set units = excluded.units`;
  return `insert into public.visits (at, what) values ('2026-0${1 + Math.floor(random() * 9)}-15', 'w${index}')`;
}

/** Small and repeatable: mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
