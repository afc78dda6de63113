/**
 * Open cases that are no longer in the register, neither open nor completed. Completed ones may go: firms dispose of them.
 * By the day of the start, because a register has no name for a case here.
 */
import { z } from 'zod';
import type { CaseClock } from './clock.js';

/** So long a person has to put a case back, or to enter that it was withdrawn, before it is forgotten. */
const REMEMBER_MS = 7 * 86_400_000;

export const openCases = z.record(
  z.string(),
  z.object({
    open: z.number().int().nonnegative(),
    /** Of the latest of them. */
    dueAtMs: z.number().exactOptional(),
    /** Since when fewer cases of that day are there than were open. */
    goneSinceMs: z.number().exactOptional(),
  }),
);
/** ISO day of the start to the cases that were open when all of them were last there. */
export type OpenCases = z.output<typeof openCases>;

export function followedOpenCases(before: OpenCases, clocks: readonly CaseClock[], now: Date): OpenCases {
  const days = byStart(clocks);
  const current = Object.fromEntries(
    [...days].filter(([, { open }]) => open > 0).map(([day, { open, dueAtMs }]) => [day, withDue(open, dueAtMs)]),
  );
  const gone = Object.entries(before).flatMap(([day, were]) => {
    if (were.open <= (days.get(day)?.all ?? 0)) return [];
    const goneSinceMs = were.goneSinceMs ?? now.getTime();
    const until = Math.max(were.dueAtMs ?? 0, goneSinceMs + REMEMBER_MS);
    return now.getTime() <= until ? [[day, { ...were, goneSinceMs }] as const] : [];
  });
  return { ...current, ...Object.fromEntries(gone) };
}

/** One sentence for each day with cases that are gone. */
export function disappearances(cases: OpenCases): readonly string[] {
  return Object.entries(cases).flatMap(([day, { goneSinceMs }]) =>
    goneSinceMs === undefined
      ? []
      : [
          `since ${new Date(goneSinceMs).toISOString()} the register has fewer cases of ${day} than were open: ` +
            'put them back, or enter withdrawn ones as completed',
        ],
  );
}

function withDue(open: number, dueAtMs: number | undefined): OpenCases[string] {
  return { open, ...(dueAtMs !== undefined && { dueAtMs }) };
}

interface DayOfCases {
  readonly all: number;
  readonly open: number;
  readonly dueAtMs: number | undefined;
}

function byStart(clocks: readonly CaseClock[]): ReadonlyMap<string, DayOfCases> {
  const days = new Map<string, DayOfCases>();
  for (const { startedOn, due, completedAt } of clocks) {
    const { all, open, dueAtMs } = days.get(startedOn) ?? { all: 0, open: 0, dueAtMs: undefined };
    const isOpen = completedAt === undefined;
    const dueMs = isOpen && !('uncertain' in due) ? due.dueAt.getTime() : undefined;
    days.set(startedOn, {
      all: all + 1,
      open: open + (isOpen ? 1 : 0),
      dueAtMs: dueMs === undefined ? dueAtMs : Math.max(dueAtMs ?? dueMs, dueMs),
    });
  }
  return days;
}
