import { kopCall } from '../../runtime/call.js';
import type { TrailContext } from './context.js';
import type { Lack } from './evidence.js';
import type { WitnessMemory } from './witness-memory.js';

/** More of them are told as fewer and wider ones: never as none. */
const MOST_RANGES = 50;
const MOST_SHOWN = 3;

export function witnessMemory({ memory }: TrailContext): WitnessMemory {
  memory.witness ??= { never: [] };
  return memory.witness;
}

export function rememberUnknown(context: TrailContext, from: string, to: string, reason: string): void {
  const own = witnessMemory(context);
  own.never.push({ from, to, at: context.options.now(), reason, isAccepted: false });
  while (own.never.length > MOST_RANGES) {
    const [first, second] = own.never.splice(0, 2);
    if (first === undefined || second === undefined) break;
    own.never.unshift({ ...second, from: first.from, isAccepted: first.isAccepted && second.isAccepted });
  }
  context.log.warn('the witness can never say anything about a range of transactions', { from, to, reason });
}

/** They stay unknown, but a person has looked at them. */
export function acceptUnknown({ memory }: TrailContext): void {
  for (const range of memory.witness?.never ?? []) range.isAccepted = true;
}

export function unknownLacks(context: TrailContext): Lack[] {
  const open = witnessMemory(context).never.filter(({ isAccepted }) => !isAccepted);
  const last = open.at(-1);
  if (last === undefined) return [];
  return [
    {
      reason: `transactions ${shown(open)} were never compared with the write-ahead log, and never can be: ${last.reason}`,
      remedies: [`once it is known what happened then: ${kopCall()} audit baseline --by NAME --reason TEXT`],
    },
  ];
}

/** For the sentence that says how far it counted. */
export function acceptedUnknown(context: TrailContext): string {
  const accepted = witnessMemory(context).never.filter(({ isAccepted }) => isAccepted);
  return accepted.length === 0 ? '' : `; without ${shown(accepted)}, which stay unknown`;
}

function shown(ranges: WitnessMemory['never']): string {
  const more = ranges.length > MOST_SHOWN ? [`${ranges.length - MOST_SHOWN} ranges before`] : [];
  return [...more, ...ranges.slice(-MOST_SHOWN).map(({ from, to }) => `${from} to ${to}`)].join(', ');
}
