import { z } from 'zod';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { Check, FastPoll } from '../check.js';
import type { Coverage } from '../tables/coverage.js';
import { type Fingerprints, fingerprintsSchema, functionWarnings } from '../tables/fingerprints.js';
import type { TableTriggers } from '../tables/memory.js';
import { judged } from '../verdict/evidence.js';

export const triggersMemorySchema = z.object({ fingerprints: fingerprintsSchema.optional() });
type TriggersMemory = DeepReadonly<z.infer<typeof triggersMemorySchema>>;
type Own = TriggersMemory & { readonly tables: Readonly<Record<string, TableTriggers>> };

/** Which operations are recorded, and whether a trigger or its function was changed since the last poll. */
export const triggersCheck: Check<Own, FastPoll> = {
  name: 'tripwires',
  evidence: ['catalogue'],
  memory: triggersMemorySchema.transform((own): Own => ({ ...own, tables: {} })),
  run({ tables, catalogue, coverage, changes, now }, own) {
    const everywhere = tables.map(({ label }) => label);
    const silent = new Map(everywhere.map((label) => [label, silentOperations(coverage.get(label))]));
    const stopped = everywhere.filter(
      (label) => own.tables[label]?.isRecording === true && (silent.get(label)?.length ?? 0) > 0,
    );
    const warnings = catalogue.functions
      .filter(({ oid }) => changes.next.functions[oid] !== undefined)
      .flatMap(functionWarnings);
    return Promise.resolve({
      memory: {
        fingerprints: changes.next,
        tables: Object.fromEntries(
          everywhere.map((label) => [label, recordingOf(own.tables[label], silent.get(label)?.length === 0, now())]),
        ),
      },
      evidence: {
        catalogue: judged(
          `${tables.length} tables in scope`,
          warnings.length === 0 ? [] : [{ reason: 'a trigger function could be safer', fixes: warnings }],
        ),
      },
      suspicions: [
        ...changes.triggers.map(({ table, detail }) => ({ table, alarm: { kind: 'trigger', detail } as const })),
        ...changes.functions.flatMap(({ detail }) =>
          everywhere.map((table) => ({ table, alarm: { kind: 'function', detail } as const })),
        ),
        ...stopped.map((table) => ({
          table,
          alarm: { kind: 'recording', detail: `${silent.get(table)?.join(', ')} is no longer recorded` } as const,
        })),
      ],
      record(metrics) {
        metrics.fingerprintChanged('trigger', changes.triggers.length);
        metrics.fingerprintChanged('function', changes.functions.length);
        metrics.scope(tables.length, [...coverage.values()].filter(({ ratio }) => ratio === 1).length);
        for (const [label, { ratio, operations }] of coverage) {
          const effective = Object.entries(operations).map(([operation, found]) => [operation, found.effective]);
          metrics.coverage(label, ratio, Object.fromEntries(effective));
        }
      },
    });
  },
};

function recordingOf(before: TableTriggers | undefined, isRecording: boolean, now: number): TableTriggers {
  if (!isRecording) return { isRecording };
  return { isRecording, recordingSince: before?.isRecording === true ? (before.recordingSince ?? now) : now };
}

function silentOperations(coverage: Coverage | undefined): readonly string[] {
  const operations = Object.entries(coverage?.operations ?? {});
  return operations.filter(([, { recording }]) => !recording).map(([operation]) => operation);
}

/** A person declared a baseline: the present source of each function is trusted. */
export function acceptFunctions({ fingerprints }: TriggersMemory): TriggersMemory {
  if (fingerprints === undefined) return {};
  const now = Object.values(fingerprints.functions).map(({ name, digest }) => [name, digest] as const);
  const next: Fingerprints = { ...fingerprints, firstSeen: { ...fingerprints.firstSeen, ...Object.fromEntries(now) } };
  return { fingerprints: next };
}
