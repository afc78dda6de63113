import { z } from 'zod';
import { type ControlStatus, controlStatuses } from '../../../pack/compliance/model/index.js';
import { emptyObligationMemory, obligationMemory } from '../obligations/collect.js';

/** What a board must know after a restart, beside its evidence. */
export const boardStateSchema = z.object({
  version: z.literal(1),
  /** Since when a check has failed without a pass in between, by control and check; in milliseconds. */
  failingSince: z.record(z.string(), z.record(z.string(), z.number())),
  /** Since when a control has its status, by control. */
  since: z.record(z.string(), z.object({ status: z.enum(controlStatuses), at: z.number() })),
  obligations: z.record(z.string(), obligationMemory),
});
export type BoardState = z.infer<typeof boardStateSchema>;

export const emptyBoardState: BoardState = { version: 1, failingSince: {}, since: {}, obligations: {} };

/** A file that cannot be read is no state: everything is known again after one evaluation, except since when. */
export function parseBoardState(text: string | undefined): BoardState {
  if (text === undefined) return emptyBoardState;
  try {
    return boardStateSchema.parse(JSON.parse(text));
  } catch {
    return emptyBoardState;
  }
}

export function obligationMemoryOf(state: BoardState, name: string) {
  return Object.hasOwn(state.obligations, name)
    ? (state.obligations[name] ?? emptyObligationMemory)
    : emptyObligationMemory;
}

/** Remembers when a control came to the status that it has. */
export class StatusTimes {
  readonly #since: Map<string, { readonly status: ControlStatus; readonly at: number }>;

  constructor(since: BoardState['since']) {
    this.#since = new Map(Object.entries(since));
  }

  note(control: string, status: ControlStatus, now: Date): Date {
    const known = this.#since.get(control);
    if (known?.status === status) return new Date(known.at);
    this.#since.set(control, { status, at: now.getTime() });
    return now;
  }

  toState(): BoardState['since'] {
    return Object.fromEntries(this.#since);
  }
}
