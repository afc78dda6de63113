import { z } from 'zod';
import { kopCall } from '../../../../runtime/call.js';
import type { Limitation } from '../../verdict/evidence.js';

/** Transactions that the witness never counted, or whose count was never compared. */
export const rangeSchema = z.object({
  from: z.string(),
  to: z.string(),
  at: z.number(),
  reason: z.string(),
  /** A baseline of everything was declared since. */
  isAccepted: z.boolean(),
});
type Range = z.infer<typeof rangeSchema>;

interface Ranges {
  readonly never: readonly Range[];
}

/** Above this, ranges are joined into fewer and wider ones; none is dropped. */
const MOST_RANGES = 50;
const MOST_SHOWN = 3;

export function withUnknown<M extends Ranges>(own: M, range: Omit<Range, 'isAccepted'>): M & { never: Range[] } {
  const never = [...own.never, { ...range, isAccepted: false }];
  while (never.length > MOST_RANGES) {
    const [first, second] = never.splice(0, 2);
    if (first === undefined || second === undefined) break;
    never.unshift({ ...second, from: first.from, isAccepted: first.isAccepted && second.isAccepted });
  }
  return { ...own, never };
}

export function unknownLimitations({ never }: Ranges): Limitation[] {
  const open = never.filter(({ isAccepted }) => !isAccepted);
  const last = open.at(-1);
  if (last === undefined) return [];
  return [
    {
      reason: `transactions ${shown(open)} were never compared with the write-ahead log, and never can be: ${last.reason}`,
      fixes: [`once it is known what happened then: ${kopCall()} audit baseline --by NAME --reason TEXT`],
    },
  ];
}

/** For the sentence that says how far it counted. */
export function acceptedUnknown({ never }: Ranges): string {
  const accepted = never.filter(({ isAccepted }) => isAccepted);
  return accepted.length === 0 ? '' : `; without ${shown(accepted)}, which stay unknown`;
}

function shown(ranges: readonly Range[]): string {
  const more = ranges.length > MOST_SHOWN ? [`${ranges.length - MOST_SHOWN} ranges before`] : [];
  return [...more, ...ranges.slice(-MOST_SHOWN).map(({ from, to }) => `${from} to ${to}`)].join(', ');
}
