import { z } from 'zod';
import { kopCall } from '../../../runtime/call.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import { eventTriggers } from '../../writer/names.js';
import type { Check, FastPoll } from '../check.js';
import type { Coverage } from '../tables/coverage.js';
import { type Fingerprints, fingerprintsSchema, functionWarnings } from '../tables/fingerprints.js';
import {
  type LogDefinition,
  type LogParts,
  logDefinitionSchema,
  partsThatDiffer,
  readLogParts,
  withNewColumns,
} from '../tables/log-definition.js';
import type { TableTriggers } from '../tables/memory.js';
import { judged } from '../verdict/evidence.js';

export const triggersMemorySchema = z.object({
  fingerprints: fingerprintsSchema.optional(),
  /** Of the audit table itself, and what the writer made around it. */
  log: logDefinitionSchema.optional(),
});
type TriggersMemory = DeepReadonly<z.infer<typeof triggersMemorySchema>>;
type Own = TriggersMemory & { readonly tables: Readonly<Record<string, TableTriggers>> };

/** Which operations are recorded, and whether a trigger or its function was changed since the last poll. */
export const triggersCheck: Check<Own, FastPoll> = {
  name: 'tripwires',
  evidence: ['catalogue'],
  memory: triggersMemorySchema.transform((own): Own => ({ ...own, tables: {} })),
  async run({ tables, catalogue, coverage, changes, now, sql, trail, read }, own) {
    const everywhere = tables.map(({ label }) => label);
    const silent = new Map(everywhere.map((label) => [label, silentOperations(coverage.get(label))]));
    const stopped = everywhere.filter(
      (label) => own.tables[label]?.isRecording === true && (silent.get(label)?.length ?? 0) > 0,
    );
    const warnings = catalogue.functions
      .filter(({ oid }) => changes.next.functions[oid] !== undefined)
      .flatMap(functionWarnings);
    const writers = catalogue.functions.map(({ name }) => name);
    const parts = sql === undefined ? undefined : await read((session) => readLogParts(session, sql.shape, writers));
    const log = parts === undefined ? own.log : withNewColumns(own.log, parts);
    const logChanges = log === undefined ? [] : partsThatDiffer(own.log?.now ?? log.now, log.now);
    return {
      memory: {
        fingerprints: changes.next,
        ...(log === undefined ? {} : { log }),
        tables: Object.fromEntries(
          everywhere.map((label) => [label, recordingOf(own.tables[label], silent.get(label)?.length === 0, now())]),
        ),
      },
      evidence: {
        catalogue: judged(
          `${tables.length} tables in scope`,
          [
            warnings.length === 0 ? [] : [{ reason: 'a trigger function could be safer', fixes: warnings }],
            log === undefined ? [] : notAccepted(log, trail.records?.table ?? ''),
            log === undefined || trail.records?.preset !== 'kop' ? [] : unseenSchemaChanges(log.now),
          ].flat(),
        ),
      },
      suspicions: [
        ...changes.triggers.map(({ table, detail }) => ({ table, alarm: { kind: 'trigger', detail } as const })),
        ...changes.functions.flatMap(({ detail }) =>
          everywhere.map((table) => ({ table, alarm: { kind: 'function', detail } as const })),
        ),
        ...logChanges
          .filter(concernsRecords)
          .flatMap((detail) =>
            everywhere.map((table) => ({ table, alarm: { kind: 'function', detail: logDetail(detail) } as const })),
          ),
        ...stopped.map((table) => ({
          table,
          alarm: { kind: 'recording', detail: `${silent.get(table)?.join(', ')} is no longer recorded` } as const,
        })),
      ],
      record(metrics) {
        metrics.fingerprintChanged('trigger', changes.triggers.length);
        metrics.fingerprintChanged('function', changes.functions.length);
        metrics.fingerprintChanged('log', logChanges.length);
        metrics.scope(tables.length, [...coverage.values()].filter(({ ratio }) => ratio === 1).length);
        for (const [label, { ratio, operations }] of coverage) {
          const effective = Object.entries(operations).map(([operation, found]) => [operation, found.effective]);
          metrics.coverage(label, ratio, Object.fromEntries(effective));
        }
      },
    };
  },
};

/** Stays until a person accepts it: what a trigger on the log writes in place of the actor, no other check can see. */
function notAccepted({ accepted, now }: LogDefinition, table: string) {
  const differences = partsThatDiffer(accepted, now);
  if (differences.length === 0) return [];
  const fixes = [
    `undo it, and find out which records were written meanwhile; if it was meant: ${kopCall()} audit baseline, without a table`,
  ];
  return [{ reason: `${table} is not what was first seen: ${differences.join(', ')}`, fixes }];
}

/** A server whose administrator is no superuser lets nobody make them, or only some. */
function unseenSchemaChanges(parts: LogParts) {
  const missing = Object.entries(eventTriggers).flatMap(([name, { callee }]) =>
    parts[`function ${callee}()`] !== undefined && parts[`event trigger ${name}`] === undefined ? [name] : [],
  );
  if (missing.length === 0) return [];
  const reason = `changes of the schema are not seen whole: no event trigger ${missing.join(', ')}`;
  return [
    { reason, fixes: ['select audit.enrol_all() as the last step of each migration, so that new tables are recorded'] },
  ];
}

/** What could change a record or drop it. Who may read it, and how tables are enrolled, leaves the records as they are. */
function concernsRecords(change: string): boolean {
  return /^(trigger|rule|(own )?column|child|inheritance) /.test(change);
}

const logDetail = (change: string) => `around the audit table, ${change}`;

function recordingOf(before: TableTriggers | undefined, isRecording: boolean, now: number): TableTriggers {
  if (!isRecording) return { isRecording };
  return { isRecording, recordingSince: before?.isRecording === true ? (before.recordingSince ?? now) : now };
}

function silentOperations(coverage: Coverage | undefined): readonly string[] {
  const operations = Object.entries(coverage?.operations ?? {});
  return operations.filter(([, { recording }]) => !recording).map(([operation]) => operation);
}

/** A person declared a baseline: the present source of each function is trusted, and the audit table as it is now. */
export function acceptFunctions({ fingerprints, log: before }: TriggersMemory): TriggersMemory {
  const log = before === undefined ? {} : { log: { accepted: before.now, now: before.now } };
  if (fingerprints === undefined) return log;
  const now = Object.values(fingerprints.functions).map(({ name, digest }) => [name, digest] as const);
  const next: Fingerprints = { ...fingerprints, firstSeen: { ...fingerprints.firstSeen, ...Object.fromEntries(now) } };
  return { fingerprints: next, ...log };
}
