import { auditMetrics } from '../../../../../pack/audit-trail/metrics.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { Outcome } from '../../check.js';
import type { TableReading } from '../../tables/memory.js';
import { countDuplicates } from '../identity.js';
import { isOrderLost } from '../ordering.js';
import type { PlannedPoll } from '../plan.js';
import { refuseStalePlan } from '../stale-plan.js';
import { checkAttribution } from './attribution.js';
import { type ContinuityResult, checkContinuity } from './continuity.js';
import { writeLags } from './lag.js';
import { noReading, type ReadingOwn as Own, type ReadingRound } from './memory.js';
import { checkTimes } from './time-sanity.js';
import { countEmptied, countRecords, type Volume } from './volumes.js';

/** Newest last; beyond these, a column that is redefined ever again explains its oldest change no more. */
const MOST_REDEFINED = 20;
const MOST_NAMES = 20_000;

export interface Measured {
  readonly volumes: readonly Volume[];
  readonly emptied: number;
  readonly continuity: ContinuityResult;
  readonly attribution: Awaited<ReturnType<typeof checkAttribution>>;
  readonly times: Awaited<ReturnType<typeof checkTimes>>;
  readonly duplicates: number;
  readonly lags: Awaited<ReturnType<typeof writeLags>>;
  /** Records cannot be put in order, so nothing that continuity found is believed. */
  readonly isOrderLost: boolean;
}

/** A window is measured completely and counted afterwards: a failing query must not leave half a window counted. */
export async function measureWindow(
  poll: PlannedPoll,
  own: Own,
  session: Session,
  facts: Facts,
  window: RecordsWindow,
): Promise<Measured> {
  const { trail, sql, plan, known } = poll;
  const epochXmax = BigInt(known.epoch?.xmax ?? 0);
  const volumes = await countRecords(session, sql, facts, window, epochXmax);
  const hasTruncate = volumes.some(({ op, since_epoch }) => op === 'TRUNCATE' && since_epoch > 0);
  const emptied = hasTruncate ? await countEmptied(session, sql, facts, window, epochXmax) : 0;
  const continuity = await checkContinuity(session, sql, facts, window, plan.continuity);
  await refuseStalePlan(poll, session, continuity.findings);
  const attribution = await checkAttribution(session, sql, window, trail.attribution, own.round?.listed.query);
  const limits = {
    polls: known.looks.flatMap(({ xmax, begunFrom }) => (begunFrom === undefined ? [] : [{ xmax, begunFrom }])),
    skewSeconds: trail.observe.maxClockSkewMs / 1000,
    writeLagSeconds: sql.records.maxWriteLagMs / 1000,
  };
  const times = await checkTimes(session, sql, facts, window, limits);
  const duplicates = await countDuplicates(session, sql, window);
  const lags =
    sql.records.writtenBy === 'application'
      ? await writeLags(session, sql, facts, window, auditMetrics.writeLag.bounds ?? [])
      : [];
  const isLost = continuity.findings.length > 0 && (await isOrderLost(poll, session));
  return { volumes, emptied, continuity, attribution, times, duplicates, lags, isOrderLost: isLost };
}

/** What is remembered of a window. */
export function countWindow({ plan }: PlannedPoll, own: Own, { volumes, emptied, continuity }: Measured): Own {
  const tables: Record<string, TableReading> = { ...own.tables };
  const change = (label: string, changed: (table: TableReading) => Partial<TableReading>) => {
    const table = tables[label] ?? noReading;
    tables[label] = { ...table, ...changed(table) };
  };
  const uncalled = { ...own.uncalled, emptied: own.uncalled.emptied + emptied };
  for (const { table, op, since_epoch } of volumes) {
    if (op === 'TRUNCATE') uncalled.truncates += since_epoch;
    if (op === 'SNAPSHOT') uncalled.snapshots += since_epoch;
    const label = plan.continuity.get(table)?.table.label;
    if (label === undefined) continue;
    if (op === 'SNAPSHOT') change(label, () => ({ hadSnapshot: true }));
    else change(label, ({ epochRecords }) => ({ epochRecords: epochRecords + since_epoch }));
  }
  for (const [label, n] of continuity.lackingImages)
    change(label, ({ lackingImages }) => ({ lackingImages: lackingImages + n }));
  for (const { table, column, by } of continuity.redefined)
    change(table, ({ redefined = {} }) => {
      const changes = redefined[column] ?? [];
      return changes.includes(by)
        ? {}
        : { redefined: { ...redefined, [column]: [...changes, by].slice(-MOST_REDEFINED) } };
    });
  const names = new Set([...own.recordNames, ...volumes.map(({ table }) => table)]);
  return { ...own, uncalled, tables, recordNames: [...names].slice(0, MOST_NAMES) };
}

export function withLimitations(round: ReadingRound, measured: Measured | undefined): ReadingRound {
  const { withoutBeginning } = measured?.continuity ?? { withoutBeginning: 0 };
  if (withoutBeginning === 0) return round;
  const reason = `${withoutBeginning} histories begin before the trail does`;
  return { ...round, limitations: [...new Set([...round.limitations, reason])] };
}

/** What is reported of it. */
export function said({ plan, sql }: PlannedPoll, measured: Measured): Partial<Outcome<Own>> {
  const { volumes, continuity, attribution, times, duplicates, lags } = measured;
  return {
    findings: measured.isOrderLost ? [] : continuity.findings,
    isOrderLost: measured.isOrderLost,
    breaks: { duplicate: duplicates },
    explanations: [
      ...[...continuity.ddl].map(([table, n]) => ({
        table,
        reason: `${n} values changed their form with their column's definition`,
      })),
      ...[...continuity.unfollowed].map(([table, n]) => ({
        table,
        reason: `the primary key was redefined, and by it the histories of ${n} records cannot be followed`,
      })),
    ],
    record(metrics) {
      for (const { table, op, n } of volumes) {
        const label = plan.continuity.get(table)?.table.label;
        if (label === undefined || op === 'SNAPSHOT') continue;
        metrics.records(label, op, n);
        // In the transaction of its change, so at the same moment.
        if (sql.records.writtenBy === 'trigger') metrics.writeLag(0, n);
      }
      for (const { n, mean } of lags) metrics.writeLag(mean, n);
      metrics.attribution(attribution.actors, attribution.missing);
      metrics.times(times);
    },
  };
}
