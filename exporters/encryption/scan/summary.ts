import type { SectionFinding } from '../../runtime/landing/section.js';
import type { KeyState } from '../keys/key-watch.js';
import type { KeyKnowledge } from '../keys/versions.js';
import type { TimingState } from '../timings/timing-watch.js';
import { columnLabel } from './column.js';
import { judge } from './verdict.js';
import type { ColumnState } from './watch.js';

const DAY_MS = 86_400_000;
/** A result may be as old as the interval plus the duration of the next scan. */
const STALE_AFTER_INTERVALS = 3;
const wrongStates = ['plaintext_suspect', 'malformed', 'wrapped', 'unknown_version', 'revoked_version'] as const;

/** The state of a column, from its last complete scan. */
export function columnFinding(
  { column, whole, problem }: ColumnState,
  knowledge: KeyKnowledge,
  { intervalMs, nowMs }: { readonly intervalMs: number; readonly nowMs: number },
): SectionFinding {
  const what = `${column.table}.${columnLabel(column)}`;
  if (problem !== undefined) return { what, state: 'unknown', why: problem };
  if (whole === undefined) return { what, state: 'unknown', why: 'not yet scanned to the end' };
  if (nowMs - whole.endedAtMs > STALE_AFTER_INTERVALS * intervalMs)
    return { what, state: 'unknown', why: `last scanned ${new Date(whole.endedAtMs).toISOString()}` };
  const { states } = judge(whole.tally, column, knowledge);
  const reused = whole.reuse.reduce((sum, { rows }) => sum + rows, 0);
  const faults = [
    ...wrongStates.flatMap((state) => (states[state] === 0 ? [] : [`${states[state]} ${state.replaceAll('_', ' ')}`])),
    ...(reused === 0 ? [] : [`${reused} with a nonce used again`]),
  ];
  if (faults.length > 0) return { what, state: 'attention', why: `rows: ${faults.join(', ')}` };
  if (states.undecided_version > 0)
    return { what, state: 'unknown', why: `${states.undecided_version} rows under key versions that nobody can judge` };
  if (states.encrypted === 0) return { what, state: 'unknown', why: 'it holds no encrypted value' };
  return { what, state: 'fine' };
}

export function keyFinding({ key, knowledge, problem }: KeyState, nowMs: number): SectionFinding {
  const what = key.title;
  if (problem !== undefined) return { what, state: 'unknown', why: problem };
  const { rotatedAtSeconds } = knowledge;
  if (rotatedAtSeconds === undefined) return { what, state: 'unknown', why: 'nobody says when it was rotated' };
  const ageDays = (nowMs - rotatedAtSeconds * 1000) / DAY_MS;
  if (ageDays <= key.rotateEveryDays) return { what, state: 'fine' };
  return { what, state: 'attention', why: `rotated ${Math.floor(ageDays)} days ago, due every ${key.rotateEveryDays}` };
}

export function timingFinding({ source, recorded, problem }: TimingState): SectionFinding {
  if (recorded !== undefined) return { what: source.name, state: 'fine' };
  return { what: source.name, state: 'unknown', why: problem ?? 'not read yet' };
}
