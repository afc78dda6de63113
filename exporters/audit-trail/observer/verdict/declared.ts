import { type CountersMemory, type ExplainedStep, newestExplained, sumOf } from '../checks/counters/invariants.js';
import { acceptTouched } from '../checks/reading/touched.js';
import { retentionCheck } from '../checks/retention.js';
import { acceptForeign } from '../checks/storage.js';
import { acceptFunctions } from '../checks/triggers.js';
import { acceptRanges } from '../checks/witness/witness.js';
import type { Memory } from '../memory.js';
import { newTableMemory, type TableMemory } from '../tables/memory.js';
import { covers, type Declaration, declarationId } from './declarations.js';

/** Ids kept of declarations that were applied. */
const MOST_APPLIED = 200;

export interface DeclaredAt {
  /** Tables in scope. */
  readonly labels: readonly string[];
  readonly xmax: bigint;
  readonly settleMs: number;
  readonly now: number;
}

export interface AppliedDeclarations {
  readonly memory: Memory;
  /** Those that took effect now. */
  readonly applied: readonly Declaration[];
}

/** Applies what people declared since the last poll: each baseline once, and a baseline at the end of each maintenance. */
export function applyDeclarations(
  before: Memory,
  declarations: readonly Declaration[],
  at: DeclaredAt,
): AppliedDeclarations {
  let memory = before;
  const applied: Declaration[] = [];
  for (const declaration of declarations) {
    const isOver = declaration.kind === 'baseline' || at.now > Date.parse(declaration.until) + at.settleMs;
    const id = declarationId(declaration);
    if (!isOver || memory.applied.includes(id)) continue;
    memory = withBaseline({ ...memory, applied: [...memory.applied.slice(-MOST_APPLIED), id] }, declaration, at);
    applied.push(declaration);
  }
  return { memory, applied };
}

function withBaseline(memory: Memory, declaration: Declaration, { labels, xmax, now }: DeclaredAt): Memory {
  const isAcknowledging = declaration.kind === 'baseline';
  const accepted = (label: string, own: TableMemory) =>
    [label, covers(declaration, label) ? withTableBaseline(own, declaration, xmax, now) : own] as const;
  const present = labels.map((label) => accepted(label, memory.tables[label] ?? newTableMemory()));
  const gone = Object.entries(memory.gone).map(([label, own]) => accepted(label, own));
  const next = {
    ...memory,
    tables: { ...memory.tables, ...Object.fromEntries(present) },
    gone: Object.fromEntries(gone),
  };
  if (declaration.tables !== undefined) return next;
  const { checks } = next;
  const counters = withExplained(checks.counters, declaration, now);
  if (!isAcknowledging) return { ...next, checks: { ...checks, counters } };
  const { orderLost: _, identityBreaks: __, ...rest } = next;
  return {
    ...rest,
    unmatched: [],
    checks: {
      ...checks,
      counters,
      reading: acceptTouched(checks.reading),
      storage: acceptForeign(checks.storage),
      retention: retentionCheck.accept?.(checks.retention) ?? checks.retention,
      witness: acceptRanges(checks.witness),
      triggers: { ...checks.triggers, ...acceptFunctions(checks.triggers) },
    },
  };
}

function withTableBaseline(own: TableMemory, declaration: Declaration, xmax: bigint, now: number): TableMemory {
  const { suspicion: _, confirmed, replay, ...rest } = own;
  const { scan: __, ...scans } = replay;
  return {
    ...rest,
    ...(confirmed === undefined || declaration.kind === 'baseline' ? {} : { confirmed }),
    replay: scans,
    reading: { ...own.reading, lackingImages: 0 },
    accepted: { xid: xmax.toString(), at: now, ids: own.accepted?.ids ?? [] },
    explanation: { reason: `${declaration.kind} declared by ${declaration.by}: ${declaration.reason}`, at: now },
  };
}

/**
 * What was being checked is explained by the declaration. A baseline ends what was judged and what is unaccounted, too; how much
 * there ever was stays known.
 */
function withExplained(own: CountersMemory, declaration: Declaration, now: number): CountersMemory {
  const { kind, by: name, reason } = declaration;
  const isAcknowledging = kind === 'baseline';
  const { judged: before, ledger, checking, unaccounted = [], explained, ...rest } = own;
  const evidence = `${kind} declared by ${name}: ${reason}`;
  const declared = [...(isAcknowledging ? unaccounted : []), ...checking].map(
    (step): ExplainedStep => ({ ...step, at: now, by: kind, evidence }),
  );
  const kept = {
    ...rest,
    ...(isAcknowledging || before === undefined ? {} : { judged: before }),
    checking: [],
    unaccounted: isAcknowledging ? [] : unaccounted,
    explained: newestExplained(explained, ...declared),
  };
  if (ledger === undefined) return kept;
  const moved = isAcknowledging ? [ledger.judged, ledger.pending] : [ledger.pending];
  const amounts = moved.reduce(sumOf, ledger.explained);
  const judged = isAcknowledging ? {} : ledger.judged;
  return { ...kept, ledger: { ...ledger, explained: amounts, pending: {}, judged } };
}
