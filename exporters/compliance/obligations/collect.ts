/** Reads the register of one obligation and says what follows; remembers only what the next reading needs. */
import { z } from 'zod';
import type { Obligation } from '../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../pack/policy/model.js';
import { clocksOf } from './clock.js';
import { completedTotals, seenCompletions, withCompletions } from './completions.js';
import { disappearances, followedOpenCases, openCases } from './disappeared.js';
import { findingOf, type ObligationFinding } from './finding.js';
import type { RegisterAnswer, RegisterReader } from './registers/register.js';
import { type CompletionOutcome, type ObligationSummary, summaryOf } from './summary.js';

/** Kept over restarts: counters go on, and cases that disappear meanwhile are noticed. Days and counts, nothing else. */
export const obligationMemory = z.object({ completions: seenCompletions, open: openCases });
export type ObligationMemory = z.output<typeof obligationMemory>;

export const emptyObligationMemory: ObligationMemory = { completions: {}, open: {} };

export interface ObligationReading {
  readonly finding: ObligationFinding;
  /** Nothing while the register cannot be read: old counts would look like new ones. */
  readonly summary?: ObligationSummary;
  /** Whether each row of it could be read. */
  readonly isReadable: boolean;
  /** Of all readings; a register that cannot be read changes nothing. */
  readonly completed: Readonly<Record<CompletionOutcome, number>>;
  readonly memory: ObligationMemory;
}

/** @throws only when the signal is aborted. */
export async function collectObligation(
  obligation: Obligation,
  calendar: Calendar,
  reader: RegisterReader,
  memory: ObligationMemory,
  request: { readonly signal: AbortSignal; readonly now: Date },
): Promise<ObligationReading> {
  return judgedRegister(obligation, calendar, await reader.read(request), memory, request.now);
}

/** Pure: the same register at the same time gives the same reading. */
export function judgedRegister(
  obligation: Obligation,
  calendar: Calendar,
  answer: RegisterAnswer,
  memory: ObligationMemory,
  now: Date,
): ObligationReading {
  if ('unreadable' in answer) {
    const finding = { outcome: 'unknown', reason: answer.unreadable } as const;
    return { finding, isReadable: false, completed: completedTotals(memory.completions), memory };
  }
  const clocks = clocksOf(obligation, calendar, answer.cases, now);
  const summary = summaryOf(clocks, now);
  // A row that cannot be read is not one that is gone.
  const open = answer.faults.length > 0 ? memory.open : followedOpenCases(memory.open, clocks, now);
  const next = { completions: withCompletions(memory.completions, clocks, calendar.timeZone), open };
  const doubts = [...answer.faults, ...disappearances(open)];
  const seen = { summary, cases: answer.cases.length, doubts, asOf: answer.asOf };
  return {
    finding: findingOf(obligation, seen, now),
    summary,
    isReadable: answer.faults.length === 0,
    completed: completedTotals(next.completions),
    memory: next,
  };
}
