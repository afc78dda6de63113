import type { ObligationCase } from '../../../../pack/compliance/model/index.js';
import { writtenInstant } from './instants.js';

export const stoppedForms =
  'intervals such as 2026-09-07/2026-09-11; 2026-09-20/ or [{"from": "2026-09-07", "to": "2026-09-11"}], or a range of PostgreSQL';

type Stop = ObligationCase['stopped'][number];

interface WrittenStop {
  readonly from: string;
  readonly to: string;
  /** Whether the end itself is outside. */
  readonly isOpenEnded: boolean;
}

/** `[2026-09-07,2026-09-12)`, `["2026-09-07 09:00:00+00",)` and several of them in braces. */
const RANGE = /([[(])"?([^",()[\]]*)"?,"?([^",()[\]]*)"?([\])])/g;

/** @returns undefined when it is nothing that is known. */
export function writtenStops(value: unknown, timeZone: string): readonly Stop[] | undefined {
  const written = typeof value === 'string' ? fromText(value.trim()) : fromList(value);
  const stops = written?.map((each) => asStop(each, timeZone));
  return stops?.every((stop) => stop !== undefined) ? stops : undefined;
}

function fromText(text: string): readonly WrittenStop[] | undefined {
  if (text === '' || text === 'empty' || text === '{}') return [];
  if (text.startsWith('[{') || text === '[]') return fromList(parsed(text));
  if (/^[[({]/.test(text)) return fromRanges(text);
  return text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [from = '', to = '', ...rest] = part.trim().split('/');
      return { from, to: rest.length > 0 ? 'several ends' : to, isOpenEnded: false };
    });
}

function fromRanges(text: string): readonly WrittenStop[] | undefined {
  if (text.replace(RANGE, '').replace(/[{},\s]/g, '') !== '') return undefined;
  return [...text.matchAll(RANGE)].map(([, , from = '', to = '', end]) => ({ from, to, isOpenEnded: end === ')' }));
}

function fromList(value: unknown): readonly WrittenStop[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const stops = value.map((each: unknown) => {
    if (typeof each !== 'object' || each === null || !('from' in each) || typeof each.from !== 'string')
      return undefined;
    const to = 'to' in each ? (each.to ?? '') : '';
    return typeof to === 'string' ? { from: each.from, to, isOpenEnded: false } : undefined;
  });
  return stops.every((stop) => stop !== undefined) ? stops : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asStop({ from, to, isOpenEnded }: WrittenStop, timeZone: string): Stop | undefined {
  const begin = writtenInstant(from, timeZone);
  if (begin === undefined) return undefined;
  if (to.trim() === '') return { from: begin.start };
  const end = writtenInstant(to, timeZone);
  if (end === undefined) return undefined;
  // A range of days ends before the day that PostgreSQL names: [2026-09-07,2026-09-12) ends on the 11th.
  const last = isOpenEnded ? new Date(end.start.getTime() - 1) : end.end;
  return last < begin.start ? undefined : { from: begin.start, to: last };
}
