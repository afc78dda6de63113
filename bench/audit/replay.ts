/**
 * Every live row against its last record, over the whole history, beside COPY of the same rows and records to nowhere.
 *
 * Usage: node dist/bench/audit/replay.js [--events 200000]
 */
import { ms, report } from '../support/report.js';
import { change, numberOption, observerOf, perSecond, quietly, startBench, timed } from './support.js';

/** SNAPSHOT and three updates of each row. */
const EVENTS_PER_ROW = 4;
const HUNDRED_MILLION = 100_000_000;
const events = numberOption('events', 200_000);
const rows = Math.ceil(events / EVENTS_PER_ROW);

const bench = await startBench({ rows });
const observer = observerOf({
  ...bench.trail,
  observe: { ...bench.trail.observe, replayRowsPerCycle: 1_000_000_000, confirmIntervalMs: 3_600_000 },
});
try {
  for (let round = 1; round < EVENTS_PER_ROW; round += 1) await change(bench, rows, 10_000);
  await bench.client.query('vacuum analyze');
  const signal = AbortSignal.timeout(3_600_000);
  await observer.runExactChecks(signal);
  await quietly();
  const taken: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    plain.push(
      await timed(async () => {
        await bench.client.query("copy (select * from accounts order by id) to '/dev/null'");
        await bench.client.query(
          "copy (select table_schema, table_name, pk, id, op, new_row from audit.log order by table_schema, table_name, pk, id desc) to '/dev/null'",
        );
      }),
    );
    const before = observer.state.memory.tables['public.accounts']?.replay.scanned?.endedAt ?? 0;
    taken.push(await timed(() => observer.runExactChecks(signal)));
    const swept = observer.state.memory.tables['public.accounts']?.replay.scanned;
    if (swept === undefined || swept.endedAt <= before || !swept.isClean || swept.compared !== 2 * rows)
      throw new Error(`the sweep was not whole and clean: ${JSON.stringify(swept)}`);
  }
  const best = Math.min(...taken);
  report('Replay', [
    {
      what: `full replay of ${events.toLocaleString('en')} events in ${rows.toLocaleString('en')} rows, best of 3`,
      ours: `${ms(best)}, ${perSecond(events, best)}`,
      peer: `${ms(Math.min(...plain))} (COPY of rows and records)`,
      limit: 'none',
      holds: true,
    },
    {
      what: 'the same for 100 million events at this pace',
      ours: `${((best / events) * (HUNDRED_MILLION / 60_000)).toFixed(0)} min`,
      peer: '-',
      limit: 'none',
      holds: true,
    },
  ]);
} finally {
  await observer.close();
  await bench.close();
}
