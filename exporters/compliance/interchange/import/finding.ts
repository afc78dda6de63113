/** What an imported check says: all of its identifiers must be there, be fresh and pass. */
import type { ImportedCheck, ResultImport } from '../../../../pack/compliance/model/index.js';
import type { ImportAnswer, ImportedResult, ImportedResults } from './imported.js';

export interface ImportFinding {
  readonly outcome: 'pass' | 'fail' | 'unknown';
  /** Identifiers that fail; nothing where that is not known. */
  readonly failing?: number;
  readonly reason: string;
  /** Of the oldest result that was used. */
  readonly asOf?: Date;
}

/** Clocks of two machines differ. */
const SKEW_MS = 300_000;

export function importFindingOf(
  { identifiers }: Pick<ImportedCheck, 'identifiers'>,
  source: Pick<ResultImport, 'maxAgeSeconds'>,
  answer: ImportAnswer,
  now: Date,
): ImportFinding {
  if ('unreadable' in answer) return { outcome: 'unknown', reason: answer.unreadable };
  const judgements = identifiers.map((identifier) => judgementOf(identifier, source, answer, now));
  const failing = judgements.filter(({ outcome }) => outcome === 'fail');
  const open = judgements.filter(({ outcome }) => outcome === 'unknown');
  const [decisive, outcome] =
    failing.length > 0
      ? ([failing, 'fail'] as const)
      : open.length > 0
        ? ([open, 'unknown'] as const)
        : [judgements, 'pass' as const];
  const times = decisive.flatMap(({ asOf }) => (asOf === undefined ? [] : [asOf.getTime()]));
  return {
    outcome,
    ...(outcome !== 'unknown' && { failing: failing.length }),
    reason: `${answer.tool}: ${outcome === 'pass' ? `${judgements.length} passed` : shortReasons(decisive)}`,
    ...(times.length > 0 && { asOf: new Date(Math.min(...times)) }),
  };
}

interface Judgement {
  readonly outcome: ImportFinding['outcome'];
  readonly reason: string;
  readonly asOf?: Date;
}

function judgementOf(
  identifier: string,
  { maxAgeSeconds }: Pick<ResultImport, 'maxAgeSeconds'>,
  { results }: ImportedResults,
  now: Date,
): Judgement {
  const result = results.get(identifier);
  if (result === undefined) return { outcome: 'unknown', reason: `no result of ${identifier}` };
  const { outcome, failed, collectedAt } = result;
  const asOf = collectedAt;
  const unfit = unfitness(result, maxAgeSeconds, now);
  if (unfit !== undefined) return { outcome: 'unknown', reason: `${identifier} ${unfit}`, asOf };
  if (outcome === 'fail') return { outcome, reason: `${identifier}: ${failed} failed`, asOf };
  return { outcome, reason: outcome === 'unknown' ? `${identifier} is not decided` : identifier, asOf };
}

/** Why a result is no evidence now. */
function unfitness({ collectedAt, expiresAt }: ImportedResult, maxAgeSeconds: number, now: Date): string | undefined {
  const at = collectedAt.toISOString();
  if (collectedAt.getTime() > now.getTime() + SKEW_MS) return `is of ${at}, which has not come`;
  if (now.getTime() - collectedAt.getTime() > maxAgeSeconds * 1000) return `is of ${at}, which is too old`;
  return expiresAt !== undefined && expiresAt < now ? `expired at ${expiresAt.toISOString()}` : undefined;
}

function shortReasons(judgements: readonly Judgement[]): string {
  const rest = judgements.length - 3;
  const first = judgements.slice(0, 3).map(({ reason }) => reason);
  return `${first.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}
