import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { Catalogue, TriggerFunction } from './catalogue.js';
import type { ScopedTable } from './scope.js';

export const fingerprintsSchema = z.object({
  /** By oid of the relation: name, shape and catalogue version of each trigger. */
  triggers: z.record(z.string(), z.string()),
  functions: z.record(z.string(), z.object({ name: z.string(), digest: z.string(), version: z.string() })),
  /** Digests that were there when this function was first seen. */
  firstSeen: z.record(z.string(), z.string()),
});
export type Fingerprints = DeepReadonly<z.infer<typeof fingerprintsSchema>>;

export interface FingerprintChanges {
  readonly next: Fingerprints;
  /** `table` is the label of the table in scope. */
  readonly triggers: readonly { readonly table: string; readonly detail: string }[];
  readonly functions: readonly { readonly name: string; readonly detail: string }[];
  /** Oids of expected functions whose source is neither the first seen nor a trusted one. */
  readonly distrusted: ReadonlySet<string>;
}

/**
 * A trigger that was disabled and enabled again between two polls seems unchanged, but its catalogue row has a new
 * xmin, and so has that of a function that was replaced by itself.
 *
 * @param rebase the catalogue as a whole is a different one (restore, upgrade): every xmin is new, and means nothing.
 */
export function compareFingerprints(
  before: Fingerprints | undefined,
  catalogue: Catalogue,
  tables: readonly ScopedTable[],
  expected: ReadonlySet<string>,
  trusted: ReadonlySet<string>,
  rebase: boolean,
): FingerprintChanges {
  const functions = catalogue.functions.filter(({ name }) => expected.has(name));
  const oids = new Set(functions.map(({ oid }) => oid));
  const next: z.infer<typeof fingerprintsSchema> = {
    triggers: {},
    functions: {},
    firstSeen: { ...before?.firstSeen },
  };
  const triggerChanges: { table: string; detail: string }[] = [];
  for (const table of tables) {
    for (const relation of new Set([table.relation, ...table.leaves])) {
      const ours = catalogue.triggers.filter((trigger) => trigger.relation === relation.oid && oids.has(trigger.fn));
      const shape = ours
        .map((t) => `${t.oid}:${t.name}:${t.enabled}:${t.type}:${t.unconditional}:${t.all_columns}:${t.fn}:${t.xmin}`)
        .sort();
      const print =
        shape.length === 0 ? '' : createHash('sha256').update(shape.join('\n')).digest('base64url').slice(0, 22);
      next.triggers[relation.oid] = print;
      const old = before?.triggers[relation.oid];
      if (!rebase && old !== undefined && old !== print)
        triggerChanges.push({
          table: table.label,
          detail: `the audit triggers of ${relation.schema}.${relation.name} were changed`,
        });
    }
  }
  const functionChanges: { name: string; detail: string }[] = [];
  const distrusted = new Set<string>();
  for (const fn of functions) {
    next.functions[fn.oid] = { name: fn.name, digest: fn.digest, version: fn.xmin };
    next.firstSeen[fn.name] ??= fn.digest;
    if (fn.digest !== next.firstSeen[fn.name] && !trusted.has(fn.digest)) distrusted.add(fn.oid);
    const old = before?.functions[fn.oid];
    if (!rebase && old !== undefined && (old.digest !== fn.digest || old.version !== fn.xmin))
      functionChanges.push({
        name: fn.name,
        detail: `${fn.name} was replaced${old.digest === fn.digest ? ' by the same source' : ''}`,
      });
  }
  if (!rebase) {
    for (const [oid, old] of Object.entries(before?.functions ?? {}))
      if (next.functions[oid] === undefined)
        functionChanges.push({ name: old.name, detail: `${old.name} was dropped or recreated` });
  }
  return { next, triggers: triggerChanges, functions: functionChanges, distrusted };
}

/** Settings without which the texts in row images depend on the session that writes them. */
export function functionWarnings(fn: TriggerFunction): string[] {
  const has = (name: string) => fn.config.some((setting) => setting.toLowerCase().startsWith(`${name}=`));
  const warnings: string[] = [];
  if (fn.catches)
    warnings.push(`${fn.name} has an EXCEPTION block: a record that cannot be written may be dropped silently`);
  if (!has('timezone')) warnings.push(`ALTER FUNCTION ${fn.name}() SET TimeZone = 'UTC'`);
  if (!has('extra_float_digits')) warnings.push(`ALTER FUNCTION ${fn.name}() SET extra_float_digits = 1`);
  if (fn.definer && !has('search_path')) warnings.push(`ALTER FUNCTION ${fn.name}() SET search_path = pg_catalog`);
  return warnings;
}
