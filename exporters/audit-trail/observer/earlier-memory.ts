import { z } from 'zod';

/** The first version: one flat object, in which the memories of the checks lay beside one another. */
const firstSchema = z.looseObject({
  version: z.literal(1),
  uncalled: z.unknown().optional(),
  ledger: z.unknown().optional(),
  judged: z.unknown().optional(),
  fingerprints: z.unknown().optional(),
  reading: z.unknown().optional(),
  landmark: z.unknown().optional(),
  recheck: z.unknown().optional(),
  recordNames: z.unknown().optional(),
  recordFilenodes: z.unknown().optional(),
  identity: z.unknown().optional(),
  readability: z.unknown().optional(),
  firstToKeep: z.unknown().optional(),
  tables: z.record(z.string(), z.unknown()).optional(),
  gone: z.record(z.string(), z.unknown()).optional(),
  witness: z.looseObject({ trouble: z.unknown().optional() }).optional(),
});

/** A state as the present version writes it, of one that an earlier version wrote; anything else as it is. */
export function upgraded(kept: unknown): unknown {
  const { success, data } = firstSchema.safeParse(kept);
  if (!success) return kept;
  const { uncalled, ledger, judged, fingerprints, reading, landmark, recheck, recordNames, recordFilenodes, ...rest } =
    data;
  const { identity, readability, firstToKeep, witness, tables = {}, gone = {}, ...common } = rest;
  return {
    ...common,
    version: 2,
    tables: mapped(tables),
    gone: mapped(gone),
    checks: {
      triggers: { fingerprints },
      storage: { recordFilenodes },
      counters: { ledger, judged },
      reading: { progress: reading, landmark, recordNames, uncalled, recheck },
      witness: witness === undefined ? undefined : { ...witness, error: witness.trouble },
      identity,
      retention: { firstToKeep },
      readability,
    },
  };
}

const firstTableSchema = z.looseObject(
  Object.fromEntries(
    [
      'filenodes',
      'relations',
      'made',
      'isRecording',
      'watched',
      'redefined',
      'hadSnapshot',
      'lackingImages',
      'epochRecords',
      'sweep',
      'swept',
    ].map((name) => [name, z.unknown().optional()]),
  ),
);

function mapped(tables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tables).map(([label, kept]) => [label, tableOf(kept)]));
}

function tableOf(kept: unknown): unknown {
  const { success, data } = firstTableSchema.safeParse(kept);
  if (!success) return kept;
  const { filenodes, relations, made, isRecording, watched, redefined, hadSnapshot, lackingImages, ...rest } = data;
  const { epochRecords, sweep, swept, ...verdict } = rest;
  return {
    ...verdict,
    triggers: { isRecording },
    storage: { filenodes, relations, made, watched },
    reading: { redefined, hadSnapshot, lackingImages, epochRecords },
    replay: { scan: sweep, scanned: swept },
  };
}
