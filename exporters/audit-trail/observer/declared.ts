import { type TrailContext, tableMemory } from './context.js';
import { covers, type Declaration, declarationId } from './declarations.js';
import { acceptUnknown } from './unwitnessed.js';

/** Does what people declared since the last look: each baseline once, and one at the end of each maintenance. */
export function applyDeclarations(context: TrailContext): void {
  const now = context.options.now();
  for (const declaration of context.declarations) {
    const isOver = declaration.kind === 'baseline' || now > Date.parse(declaration.until) + context.options.settleMs;
    const id = declarationId(declaration);
    if (!isOver || context.memory.applied.includes(id)) continue;
    context.memory.applied = [...context.memory.applied.slice(-200), id];
    accept(context, declaration, now);
  }
}

function accept(context: TrailContext, declaration: Declaration, now: number): void {
  const { memory, seen, log } = context;
  const xid = (seen?.facts.xmax ?? 0n).toString();
  const isAcknowledging = declaration.kind === 'baseline';
  const present = seen?.tables.map(({ label }) => [label, tableMemory(context, label)] as const) ?? [];
  for (const [label, table] of [...present, ...Object.entries(memory.gone)]) {
    if (!covers(declaration, label)) continue;
    if (isAcknowledging) delete table.confirmed;
    delete table.suspicion;
    delete table.sweep;
    table.lackingImages = 0;
    table.accepted = { xid, at: now, isSweepPending: true, ids: table.accepted?.ids ?? [] };
    table.explanation = { reason: `${declaration.kind} declared by ${declaration.by}: ${declaration.reason}`, at: now };
  }
  if (isAcknowledging && declaration.tables === undefined) {
    delete memory.firstToKeep;
    delete memory.orderLost;
    delete memory.identityBreaks;
    acceptUnknown(context);
    delete memory.judged;
    // What the functions are now is what they should be.
    if (memory.fingerprints !== undefined) {
      for (const { name, digest } of Object.values(memory.fingerprints.functions))
        memory.fingerprints.firstSeen[name] = digest;
    }
  }
  if (memory.ledger !== undefined && declaration.tables === undefined) {
    const { explained, judged, pending } = memory.ledger;
    for (const amounts of isAcknowledging ? [judged, pending] : [pending]) {
      for (const [invariant, amount] of Object.entries(amounts)) {
        if (isInvariant(invariant, explained)) explained[invariant] = (explained[invariant] ?? 0) + amount;
      }
    }
    memory.ledger.pending = {};
    if (isAcknowledging) memory.ledger.judged = {};
  }
  log.warn('audit trail baseline taken', {
    kind: declaration.kind,
    by: declaration.by,
    reason: declaration.reason,
    tables: declaration.tables?.join(' ') ?? 'all',
  });
}

function isInvariant<T extends object>(name: string, _amounts: T): name is Extract<keyof T, string> {
  return ['operations_calls', 'calls_records', 'records_sequence', 'records_mutated'].includes(name);
}
