import { z } from 'zod';
import { type AuditOperation, auditOperations } from '../../../../../pack/audit-trail/model.js';
import { failureOf } from '../../../../runtime/postgres/failure.js';
import { textOf } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../../deep-readonly.js';
import type { RecordsSql } from '../../../records/sql.js';
import { keptPlaceSchema, type Witness, type WitnessReport } from '../../../witness/index.js';
import type { Check, Outcome, RecordsPoll } from '../../check.js';
import type { ScopedTable } from '../../tables/scope.js';
import { judged, unknown } from '../../verdict/evidence.js';
import { acceptedUnknown, rangeSchema, unknownLimitations, withUnknown } from './unwitnessed.js';

const memorySchema = z.object({
  place: keptPlaceSchema.optional(),
  /** From this transaction on, and up to `comparedTo`, every count was compared and agreed. */
  comparedFrom: z.string().optional(),
  /** Up to which transaction counts were compared, or are known never to be. */
  comparedTo: z.string().optional(),
  /** Why the last poll said nothing. */
  error: z.string().optional(),
  never: z.array(rangeSchema).default([]),
});
export type WitnessMemory = DeepReadonly<z.infer<typeof memorySchema>>;
export const witnessMemorySchema = memorySchema;

/** Records of exactly the transactions that the witness counted. */
const RECORDED = (sql: RecordsSql) => `
select ${sql.tableText('r')} as "table", r.op, count(*)::int as n from ${sql.live} r
where r.txid >= $1::${sql.txidType ?? 'xid8'} and r.txid < $2::${sql.txidType ?? 'xid8'} and r.op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
group by 1, 2`;

type Counted = Extract<WitnessReport, { state: 'counted' }>;

/** Compares the committed changes in the write-ahead log with the records. Exact; no SQL can avoid it. */
export function witnessCheck(witness: Witness): Check<WitnessMemory, RecordsPoll> {
  /** The place of the witness moves on, whether or not its counts could be compared. */
  const goOn = ({ never, comparedFrom }: WitnessMemory, comparedTo: string): WitnessMemory => {
    const place = witness.kept();
    const from = comparedFrom === undefined ? {} : { comparedFrom };
    return { ...(place === undefined ? {} : { place }), ...from, comparedTo, never };
  };
  return {
    name: 'witness',
    evidence: ['witness'],
    memory: memorySchema,
    async run(poll, own) {
      const outcome = await pollWitness(poll, own);
      const retained = witness.retained();
      return {
        ...outcome,
        record(metrics) {
          outcome.record?.(metrics);
          metrics.witnessRetains(retained);
        },
      };
    },
    /** The last comparison says nothing about the present. */
    hide(metrics) {
      metrics.witnessSilent();
      metrics.witnessRetains(undefined);
    },
    accept: acceptRanges,
  };

  async function pollWitness(poll: RecordsPoll, own: WitnessMemory): Promise<Outcome<WitnessMemory>> {
    const report = await witness.poll(poll.signal);
    if (report.state === 'unknown') {
      const fixes = report.fix === undefined ? [] : [report.fix];
      return {
        memory: { ...own, error: report.reason },
        evidence: { witness: unknown(report.reason, fixes) },
        record: (metrics) => metrics.witnessSilent(),
      };
    }
    if (report.state === 'started') {
      const { comparedTo, error = 'where the witness stood was not kept' } = own;
      const range = { from: comparedTo ?? '', to: report.from, at: poll.now(), reason: error };
      return {
        memory: agreedFrom(goOn(comparedTo === undefined ? own : withUnknown(own, range), report.from), report.from),
        warnings: comparedTo === undefined ? [] : [warningOf(range)],
        evidence: { witness: unknown('counting begins here') },
        record: (metrics) => metrics.witnessSilent(),
      };
    }
    try {
      return await compare(poll, report, goOn(own, report.to));
    } catch (error) {
      // The witness counts each range only once.
      const reason = `not compared with the records: ${failureOf(error).reason}`;
      const range = { from: report.from, to: report.to, at: poll.now(), reason };
      const memory = agreedFrom(goOn(withUnknown(own, range), report.to), report.to);
      return { memory, warnings: [warningOf(range)], error };
    }
  }
}

function warningOf({ from, to, reason }: { from: string; to: string; reason: string }) {
  return { message: 'the witness can never say anything about a range of transactions', detail: { from, to, reason } };
}

/** Marks the ranges as acknowledged. They remain unverified. */
export function acceptRanges(own: WitnessMemory): WitnessMemory {
  return { ...own, never: own.never.map((range) => ({ ...range, isAccepted: true })) };
}

/** Whatever came before was not compared, or did not agree. */
function agreedFrom(own: WitnessMemory, comparedFrom: string): WitnessMemory {
  return { ...own, comparedFrom };
}

async function compare(poll: RecordsPoll, report: Counted, memory: WitnessMemory): Promise<Outcome<WitnessMemory>> {
  const { sql, tables, trail } = poll;
  if (sql.txidType === undefined) {
    const reason = 'records without a transaction column cannot be compared with the write-ahead log';
    return {
      memory: agreedFrom(memory, report.to),
      evidence: { witness: unknown(reason) },
      record: (metrics) => metrics.witnessSilent(),
    };
  }
  const compared =
    report.from === report.to
      ? []
      : await poll
          .read((session) => countRecorded(session, sql, report))
          .then((recorded) => tables.flatMap((table) => compareTable(table, trail.scope.operations, report, recorded)));
  const reasons = report.uncertain.map(({ schema, table, reason }) => `${schema}.${table}: ${reason}`);
  const evidence = judged(`counted up to transaction ${report.to}${acceptedUnknown(memory)}`, [
    ...(reasons.length === 0 ? [] : [{ reason: reasons.slice(0, 5).join('; '), fixes: [] }]),
    ...unknownLimitations(memory),
  ]);
  const isAgreed = compared.every(({ difference }) => difference === 0);
  return {
    memory: agreedFrom(memory, isAgreed ? (memory.comparedFrom ?? report.from) : report.to),
    evidence: { witness: evidence },
    suspicions: compared.flatMap(({ table, operation, difference = 0 }) =>
      difference === 0 ? [] : [{ table, alarm: alarmOf(operation, difference) }],
    ),
    record(metrics) {
      for (const { table, operation, difference } of compared) metrics.witnessed(table, operation, difference);
    },
  };
}

async function countRecorded(
  session: Session,
  sql: RecordsSql,
  { from, to }: Counted,
): Promise<ReadonlyMap<string, number>> {
  const rows = await session.query<{ table: string; op: string; n: number }>(RECORDED(sql), [from, to]);
  return new Map(rows.map(({ table, op, n }) => [`${op} ${table}`, n]));
}

interface Compared {
  readonly table: string;
  readonly operation: AuditOperation;
  /** Changes less records; undefined where the witness is not certain. */
  readonly difference: number | undefined;
}

function compareTable(
  { label, leaves }: ScopedTable,
  operations: readonly AuditOperation[],
  report: Counted,
  recorded: ReadonlyMap<string, number>,
): readonly Compared[] {
  const names = [...new Set([label, ...leaves.map(textOf)])];
  const isOurs = ({ schema, table: name }: { schema: string; table: string }) =>
    names.includes(textOf({ schema, name }));
  const isUncertain = report.uncertain.some(isOurs);
  return auditOperations
    .filter((operation) => operations.includes(operation))
    .map((operation) => {
      if (isUncertain) return { table: label, operation, difference: undefined };
      const changes = report.counts
        .filter((count) => count.operation === operation && isOurs(count))
        .reduce((sum, { changes: n }) => sum + n, 0);
      const records = names.reduce((sum, name) => sum + (recorded.get(`${operation} ${name}`) ?? 0), 0);
      return { table: label, operation, difference: changes - records };
    });
}

function alarmOf(operation: AuditOperation, difference: number) {
  const what =
    difference > 0
      ? 'changes in the write-ahead log without a record'
      : 'records without a change in the write-ahead log';
  return { kind: 'witness', detail: `${operation}: ${what}`, amount: difference, operation } as const;
}
