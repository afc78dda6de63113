/**
 * What a poll costs: counters and catalogue of a portal's 22 tables, and the continuity of 10,000 new events, beside
 * the shortest possible questions about the same.
 *
 * Usage: node dist/bench/audit/polls.js
 */
import { readFacts } from '../../exporters/audit-trail/database/facts.js';
import { makePlan } from '../../exporters/audit-trail/observer/checks/plan.js';
import { checkContinuity } from '../../exporters/audit-trail/observer/checks/reading/continuity.js';
import { nextWindow } from '../../exporters/audit-trail/records/reader.js';
import { ms, report } from '../support/report.js';
import { median, quantile } from '../support/stats.js';
import { change, observerOf, quietly, startBench, timed } from './support.js';

const POLLS = 200;
const ROUNDS = 9;
const EVENTS = 10_000;
const ALLOWED_POLL_MS = 10;
const ALLOWED_CONTINUITY_MS = 100;

const bench = await startBench({ rows: 100_000 });
const observer = observerOf(bench.trail);
const { loop } = observer;
const signal = () => AbortSignal.timeout(120_000);
try {
  await change(bench, 100_000);
  await bench.client.query('vacuum analyze');
  await observer.runExactChecks(signal());
  await quietly();

  const polls: number[] = [];
  const trips: number[] = [];
  for (let round = 0; round < POLLS; round += 1) {
    polls.push(await timed(() => observer.runFastChecks(signal())));
    trips.push(
      await timed(() =>
        loop.database.read(signal(), async (session) => {
          await session.query('select n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables');
          await session.query('select oid, relname from pg_class');
          await session.query('select oid, tgname, tgenabled from pg_trigger');
        }),
      ),
    );
  }

  const continuity: number[] = [];
  const read: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await change(bench, EVENTS);
    const { sql, seen, memory } = loop.state;
    if (sql === undefined || seen === undefined) throw new Error('no records');
    await loop.database.read(signal(), async (session) => {
      const until = { signal: signal(), deadline: Number.POSITIVE_INFINITY };
      const plan = await makePlan({ ...loop.poll(seen, until), sql }, session, () => ({
        known: loop.state.memory,
        disposals: [],
      }));
      const facts = await readFacts(session);
      const from = memory.checks.reading.progress?.watermark;
      const options = { limit: EVENTS + 1, marginMs: 0, below: facts.xmin, owedMs: 0 };
      const window = await nextWindow(session, sql, facts, from, options);
      const begin = from?.mode === 'xid8' ? from.xid : '0';
      plain.push(
        await timed(() =>
          session.query(
            `select count(*), sum(length(l.old_row::text) + length(l.new_row::text)) from audit.log l
             where l.xact_id >= $1::text::xid8 and l.xact_id < $2::text::xid8`,
            [begin, facts.xmin.toString()],
          ),
        ),
      );
      continuity.push(await timed(() => checkContinuity(session, sql, facts, window, plan.continuity)));
    });
    read.push(await timed(() => observer.runExactChecks(signal())));
  }
  if (Object.values(loop.state.memory.tables).some(({ confirmed }) => confirmed !== undefined))
    throw new Error('a fault was found where there is none');

  report('Polls', [
    {
      what: `counters and catalogue of 22 tables, median of ${POLLS} (99th: ${ms(quantile(polls, 0.99))})`,
      ours: ms(median(polls)),
      peer: `${ms(median(trips))} (three plain selects)`,
      limit: `< ${ALLOWED_POLL_MS} ms`,
      holds: median(polls) < ALLOWED_POLL_MS,
    },
    {
      what: `continuity of ${EVENTS.toLocaleString('en')} new events, median of ${ROUNDS}`,
      ours: ms(median(continuity)),
      peer: `${ms(median(plain))} (reading their images)`,
      limit: `< ${ALLOWED_CONTINUITY_MS} ms`,
      holds: median(continuity) < ALLOWED_CONTINUITY_MS,
    },
    {
      what: 'a round of all exact checks over them, and replay of what is due',
      ours: ms(median(read)),
      peer: '-',
      limit: 'none',
      holds: true,
    },
  ]);
} finally {
  await observer.close();
  await bench.close();
}
