/** What a deadline check says of an obligation: the worst case decides. */
import type { Obligation } from '../../../pack/compliance/model/index.js';
import type { ObligationSummary } from './summary.js';

export interface ObligationFinding {
  readonly outcome: 'pass' | 'at_risk' | 'fail' | 'unknown';
  /** Open cases past their deadline; nothing where that is not known. */
  readonly overdue?: number;
  /** What was seen, or what is missing. */
  readonly reason: string;
  /** When the register was so. */
  readonly asOf?: Date;
}

export interface SeenRegister {
  readonly summary: ObligationSummary;
  readonly cases: number;
  /** Rows that cannot be read, and cases that disappeared. */
  readonly doubts: readonly string[];
  readonly asOf: Date;
}

/** A proven failure is one whatever else is unknown; without one, anything unknown is. */
export function findingOf(obligation: Obligation, seen: SeenRegister, now: Date): ObligationFinding {
  const { summary, asOf } = seen;
  const { overdue, uncertain } = summary.open;
  // The return that seems to be missing may be in a row that cannot be read.
  const isProven = obligation.schedule === undefined || seen.doubts.length === 0;
  if (overdue > 0 && isProven) {
    return { outcome: 'fail', overdue, reason: `${counted(overdue)} past the deadline${nextWords(summary)}`, asOf };
  }
  const doubts = [...seen.doubts, ...silence(obligation, summary, now)];
  if (uncertain > 0)
    doubts.push(`the deadline of ${counted(uncertain)} is uncertain: ${summary.uncertainties.join('; ')}`);
  if (doubts.length > 0) return { outcome: 'unknown', reason: shortened(doubts), asOf };
  const left = summary.nextDueAt === undefined ? undefined : summary.nextDueAt.getTime() - now.getTime();
  if (left !== undefined && left <= obligation.leadSeconds * 1000) {
    return { outcome: 'at_risk', overdue: 0, reason: `${openWords(summary)}${nextWords(summary)}`, asOf };
  }
  return {
    outcome: 'pass',
    overdue: 0,
    reason: `${openWords(summary)}${nextWords(summary)}; ${counted(seen.cases)} read`,
    asOf,
  };
}

/** A register in which nothing happens for long shows that nobody keeps it, not that nothing happens. */
function silence(
  { silentAfterSeconds, schedule }: Obligation,
  { newestStart }: ObligationSummary,
  now: Date,
): string[] {
  if (silentAfterSeconds === undefined || schedule !== undefined) return [];
  const days = Math.floor(silentAfterSeconds / 86_400);
  if (newestStart === undefined)
    return [`the register has no case at all, and is expected to have one in ${days} days`];
  const age = now.getTime() - Date.parse(newestStart);
  return age > silentAfterSeconds * 1000
    ? [`the register has no case newer than ${newestStart}, for more than ${days} days`]
    : [];
}

function openWords({ open, standing }: ObligationSummary): string {
  const all = Object.values(open).reduce((sum, count) => sum + count, 0);
  const stopped = standing > 0 ? `, the clock of ${standing} stands` : '';
  return all === 0 ? 'no open case' : `${counted(all)} open${stopped}`;
}

function nextWords({ nextDueAt, nextLastDay, nextOrdinaryLastDay }: ObligationSummary): string {
  if (nextDueAt === undefined) return '';
  const ordinary = nextOrdinaryLastDay === undefined ? '' : ` (by the ordinary reading ${nextOrdinaryLastDay})`;
  return `, the first due ${nextLastDay ?? nextDueAt.toISOString()}${ordinary}`;
}

function counted(count: number): string {
  return count === 1 ? '1 case' : `${count} cases`;
}

function shortened(doubts: readonly string[]): string {
  const rest = doubts.length - 3;
  return `${doubts.slice(0, 3).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}
