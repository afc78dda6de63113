/**
 * How a document is kept: what repeats from evaluation to evaluation once, and what differs beside its number. A control
 * that is evaluated each minute and does not change costs about 40 bytes a time instead of a kilobyte.
 */
import { canonicalText, type EvaluationDocument, parseEvaluation } from '../document.js';
import { EvidenceDamaged } from './store.js';

/** Value and time of each check; null where there is none. */
type Seen = readonly (readonly [value: string | null, asOf: string | null])[];

export interface PackedEvaluation {
  /** The document without `at`, and without value and time of its checks. */
  readonly content: string;
  /** JSON. */
  readonly seen: string;
  readonly atMs: number;
}

export function packEvaluation(document: EvaluationDocument): PackedEvaluation {
  const { at, checks, ...rest } = document;
  const seen: Seen = checks.map(({ value = null, asOf = null }) => [value, asOf]);
  const content = { ...rest, checks: checks.map(({ value: _, asOf: __, ...check }) => check) };
  return { content: canonicalText(content), seen: JSON.stringify(seen), atMs: Date.parse(at) };
}

/** @throws {EvidenceDamaged} */
export function unpackEvaluation(number: number, { content, seen, atMs }: PackedEvaluation): EvaluationDocument {
  try {
    const { checks, ...rest } = JSON.parse(content);
    const values: Seen = JSON.parse(seen);
    return parseEvaluation({
      ...rest,
      at: new Date(atMs).toISOString(),
      checks: checks.map((check: object, index: number) => {
        const [value, asOf] = values[index] ?? [null, null];
        return { ...check, ...(value === null ? {} : { value }), ...(asOf === null ? {} : { asOf }) };
      }),
    });
  } catch (cause) {
    throw new EvidenceDamaged(`evaluation ${number} in the evidence store cannot be read`, { cause });
  }
}
