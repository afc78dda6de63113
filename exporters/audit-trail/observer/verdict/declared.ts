import { retention } from '../checks/retention.js';
import { acceptFunctions } from '../checks/triggers.js';
import { acceptRanges } from '../checks/witness/witness.js';
import { type LoopState, tableMemory } from '../loop-state.js';
import { covers, type Declaration, declarationId } from './declarations.js';

/** Does what people declared since the last look: each baseline once, and one at the end of each maintenance. */
export function applyDeclarations(context: LoopState): void {
  const now = context.options.now();
  for (const declaration of context.declarations) {
    const isOver = declaration.kind === 'baseline' || now > Date.parse(declaration.until) + context.options.settleMs;
    const id = declarationId(declaration);
    if (!isOver || context.memory.applied.includes(id)) continue;
    context.memory.applied = [...context.memory.applied.slice(-200), id];
    accept(context, declaration, now);
  }
}

function accept(context: LoopState, declaration: Declaration, now: number): void {
  const { memory, seen, log } = context;
  const xid = (seen?.facts.xmax ?? 0n).toString();
  const isAcknowledging = declaration.kind === 'baseline';
  const present = seen?.tables.map(({ label }) => [label, tableMemory(context, label)] as const) ?? [];
  for (const [label, table] of [...present, ...Object.entries(memory.gone)]) {
    if (!covers(declaration, label)) continue;
    if (isAcknowledging) delete table.confirmed;
    delete table.suspicion;
    delete table.replay.scan;
    table.reading.lackingImages = 0;
    table.accepted = { xid, at: now, ids: table.accepted?.ids ?? [] };
    table.explanation = { reason: `${declaration.kind} declared by ${declaration.by}: ${declaration.reason}`, at: now };
  }
  if (isAcknowledging && declaration.tables === undefined) {
    delete memory.orderLost;
    delete memory.identityBreaks;
    const { checks } = memory;
    checks.retention = retention.accept?.(checks.retention) ?? checks.retention;
    checks.witness = acceptRanges(checks.witness);
    delete memory.checks.counters.judged;
    checks.triggers = acceptFunctions(checks.triggers);
  }
  if (memory.checks.counters.ledger !== undefined && declaration.tables === undefined) {
    const { explained, judged, pending } = memory.checks.counters.ledger;
    for (const amounts of isAcknowledging ? [judged, pending] : [pending]) {
      for (const [invariant, amount] of Object.entries(amounts)) {
        if (isInvariant(invariant, explained)) explained[invariant] = (explained[invariant] ?? 0) + amount;
      }
    }
    memory.checks.counters.ledger.pending = {};
    if (isAcknowledging) memory.checks.counters.ledger.judged = {};
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
