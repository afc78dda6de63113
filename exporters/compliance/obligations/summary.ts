/** Counts and times of all cases of an obligation: what metrics and findings are made of. */
import type { CaseClock } from './clock.js';

export const obligationBuckets = ['overdue', '<24h', '<72h', '<7d', 'later', 'uncertain'] as const;
export type ObligationBucket = (typeof obligationBuckets)[number];

export const completionOutcomes = ['met', 'late', 'uncertain'] as const;
export type CompletionOutcome = (typeof completionOutcomes)[number];

export interface ObligationSummary {
  /** Open cases by the time that is left; each is in one bucket. */
  readonly open: Readonly<Record<ObligationBucket, number>>;
  /** Of the open cases; in the past when one is overdue. */
  readonly nextDueAt?: Date;
  /** Its last day, where days are counted, and the one by the ordinary reading, where it is judged by the earlier one. */
  readonly nextLastDay?: string;
  readonly nextOrdinaryLastDay?: string;
  /** Open cases whose clock stands. */
  readonly standing: number;
  /** Why deadlines of open cases are uncertain, each reason once. */
  readonly uncertainties: readonly string[];
  /** ISO day of the newest case. */
  readonly newestStart?: string;
}

const HOUR_MS = 3_600_000;

export function summaryOf(clocks: readonly CaseClock[], now: Date): ObligationSummary {
  const open = { overdue: 0, '<24h': 0, '<72h': 0, '<7d': 0, later: 0, uncertain: 0 };
  const uncertainties = new Set<string>();
  const running = clocks.filter(({ completedAt }) => completedAt === undefined);
  for (const { due } of running) {
    open['uncertain' in due ? 'uncertain' : bucketOf(due.dueAt, now)] += 1;
    if ('uncertain' in due) uncertainties.add(due.uncertain);
  }
  const next = running
    .flatMap(({ due }) => ('uncertain' in due ? [] : [due]))
    .reduce<Exclude<CaseClock['due'], { uncertain: string }> | undefined>(
      (first, due) => (first === undefined || due.dueAt < first.dueAt ? due : first),
      undefined,
    );
  const newestStart = clocks.reduce((newest, { startedOn }) => (startedOn > newest ? startedOn : newest), '');
  return {
    open,
    ...(next !== undefined && { nextDueAt: next.dueAt }),
    ...(next?.lastDay !== undefined && { nextLastDay: next.lastDay }),
    ...(next?.ordinaryLastDay !== undefined && { nextOrdinaryLastDay: next.ordinaryLastDay }),
    standing: running.filter(({ stands }) => stands).length,
    uncertainties: [...uncertainties],
    ...(newestStart !== '' && { newestStart }),
  };
}

export function outcomeOf({ due, completedAt }: CaseClock): CompletionOutcome | undefined {
  if (completedAt === undefined) return undefined;
  if ('uncertain' in due) return 'uncertain';
  return completedAt <= due.dueAt ? 'met' : 'late';
}

function bucketOf(dueAt: Date, now: Date): ObligationBucket {
  const left = dueAt.getTime() - now.getTime();
  if (left < 0) return 'overdue';
  if (left < 24 * HOUR_MS) return '<24h';
  if (left < 72 * HOUR_MS) return '<72h';
  return left < 168 * HOUR_MS ? '<7d' : 'later';
}
