import type { AuditOperation } from '../../../pack/index.js';
import { failureOf } from '../../runtime/postgres/failure.js';
import { textOf } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../records/sql.js';
import type { Witness, WitnessReport } from '../witness/index.js';
import { raise } from './alarms.js';
import type { TrailContext } from './context.js';
import type { ScopedTable } from './scope.js';
import { acceptedUnknown, rememberUnknown, unknownLacks, witnessMemory } from './unwitnessed.js';

/** Records of exactly the transactions that the witness counted. */
const RECORDED = (sql: RecordsSql) => `
select ${sql.tableText('r')} as "table", r.op, count(*)::int as n from ${sql.live} r
where r.txid >= $1::${sql.txidType ?? 'xid8'} and r.txid < $2::${sql.txidType ?? 'xid8'} and r.op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
group by 1, 2`;

type Counted = Extract<WitnessReport, { state: 'counted' }>;

/** Compares what the write-ahead log says was committed with what was recorded: exact, and blind to no trick of SQL. */
export async function consultWitness(context: TrailContext, witness: Witness, signal: AbortSignal): Promise<void> {
  const report = await witness.poll(signal);
  const own = witnessMemory(context);
  if (report.state === 'unknown') {
    own.trouble = report.reason;
    witnessUnknown(context, report.reason, report.mend === undefined ? [] : [report.mend]);
    return;
  }
  if (report.state === 'started') {
    if (own.comparedTo !== undefined)
      rememberUnknown(context, own.comparedTo, report.from, own.trouble ?? 'where the witness stood was not kept');
    goOn(context, witness, report.from);
    witnessUnknown(context, 'counting begins here');
    return;
  }
  try {
    await compareAll(context, report, signal);
  } catch (error) {
    // It counted, and will not do so a second time.
    rememberUnknown(context, report.from, report.to, `not compared with the records: ${failureOf(error).reason}`);
    throw error;
  } finally {
    goOn(context, witness, report.to);
  }
}

/** What was compared last says nothing of now. */
export function witnessUnknown(context: TrailContext, reason: string, remedies: readonly string[] = []): void {
  context.evidence.unknown('witness', reason, remedies);
  context.metrics.witnessSilent();
}

function goOn(context: TrailContext, witness: Witness, comparedTo: string): void {
  const own = witnessMemory(context);
  const place = witness.kept();
  if (place === undefined) delete own.place;
  else own.place = place;
  own.comparedTo = comparedTo;
  delete own.trouble;
}

async function compareAll(context: TrailContext, report: Counted, signal: AbortSignal): Promise<void> {
  const { sql, evidence } = context;
  if (sql === undefined || sql.txidType === undefined) {
    witnessUnknown(context, 'records without a transaction column cannot be compared with the write-ahead log');
    return;
  }
  const reasons = report.uncertain.map(({ schema, table, reason }) => `${schema}.${table}: ${reason}`);
  if (report.from !== report.to) {
    const recorded = await context.database.look(signal, (session) => countRecorded(session, sql, report));
    for (const table of context.seen?.tables ?? []) compareTable(context, table, report, recorded);
  }
  evidence.judge('witness', `counted up to transaction ${report.to}${acceptedUnknown(context)}`, [
    ...(reasons.length === 0 ? [] : [{ reason: reasons.slice(0, 5).join('; '), remedies: [] }]),
    ...unknownLacks(context),
  ]);
}

async function countRecorded(
  session: Session,
  sql: RecordsSql,
  { from, to }: Counted,
): Promise<ReadonlyMap<string, number>> {
  const rows = await session.query<{ table: string; op: string; n: number }>(RECORDED(sql), [from, to]);
  return new Map(rows.map(({ table, op, n }) => [`${op} ${table}`, n]));
}

function compareTable(
  context: TrailContext,
  table: ScopedTable,
  report: Counted,
  recorded: ReadonlyMap<string, number>,
): void {
  const names = [table.label, ...table.leaves.map(textOf)];
  const isOurs = ({ schema, table: name }: { schema: string; table: string }) =>
    names.includes(textOf({ schema, name }));
  const isUncertain = report.uncertain.some(isOurs);
  for (const operation of context.trail.scope.operations) {
    if (isUncertain) {
      context.metrics.witnessed(table.label, operation, undefined);
      continue;
    }
    const changes = report.counts
      .filter((count) => count.operation === operation && isOurs(count))
      .reduce((sum, { changes: n }) => sum + n, 0);
    const records = [...new Set(names)].reduce((sum, name) => sum + (recorded.get(`${operation} ${name}`) ?? 0), 0);
    context.metrics.witnessed(table.label, operation, changes - records);
    if (changes !== records) alarm(context, table.label, operation, changes - records);
  }
}

function alarm(context: TrailContext, label: string, operation: AuditOperation, difference: number): void {
  const what =
    difference > 0
      ? 'changes in the write-ahead log without a record'
      : 'records without a change in the write-ahead log';
  raise(context, label, { kind: 'witness', detail: `${operation}: ${what}`, amount: difference, operation });
}
