import { z } from 'zod';
import type { DeepReadonly } from '../../deep-readonly.js';

/** What shows a property of a table, and since when (milliseconds). */
const shownSchema = z.object({ by: z.string(), since: z.number() });
export type ProvenProperty = DeepReadonly<z.infer<typeof shownSchema>>;

/**
 * The evidence of a table that is proven: for each property that its sentence claims. Without one there is no proof, and the
 * table is unknown. What is undefined is not claimed: `claimOf` says so.
 */
export const proofSchema = z
  .object({
    /** Every operation makes a record. */
    recording: shownSchema,
    /** All records were read, and each continues the one before. */
    records: shownSchema,
    /** Every row is as its last record says. */
    rows: shownSchema,
    /** As many changes as records. Only counters show a change that left no row. */
    counters: shownSchema.optional(),
    /** Values were compared, and not only that there are records. */
    images: shownSchema.optional(),
  })
  .refine(({ counters, images }) => counters !== undefined || images !== undefined);
export type Proof = DeepReadonly<z.infer<typeof proofSchema>>;

/** A property without evidence. */
export interface Missing {
  readonly missing: string;
  /** It cannot be had as things are; otherwise it is only not there yet. */
  readonly isBlind: boolean;
}

type Property = keyof Proof;
/** For each property what shows it, or why nothing does; undefined where nothing of the kind exists for this trail. */
export type Answers = Readonly<
  Record<'recording' | 'records' | 'rows', ProvenProperty | Missing> &
    Record<'counters' | 'images', ProvenProperty | Missing | undefined>
>;

/** Which one is said when several are missing: what a person has to mend comes before what the next rounds will bring. */
const inOrder: Readonly<Record<'blind' | 'not yet', readonly Property[]>> = {
  blind: ['records', 'images', 'recording', 'counters', 'rows'],
  'not yet': ['records', 'rows', 'recording', 'counters', 'images'],
};

/** @returns the proof, or what is missing for it. */
export function prove(answers: Answers): Proof | Missing {
  const lacks = (properties: readonly Property[], isBlind: boolean) =>
    properties
      .map((property) => answers[property])
      .find((answer): answer is Missing => isMissing(answer) && answer.isBlind === isBlind);
  const missing = lacks(inOrder.blind, true) ?? lacks(inOrder['not yet'], false);
  if (missing !== undefined) return missing;
  const { recording, records, rows, counters, images } = answers;
  if (isMissing(recording) || isMissing(records) || isMissing(rows)) return nothingKnown;
  const optional = { ...(isShown(counters) ? { counters } : {}), ...(isShown(images) ? { images } : {}) };
  if (Object.keys(optional).length === 0) return nothingKnown;
  return { recording, records, rows, ...optional };
}

const nothingKnown: Missing = { missing: 'neither counters nor row images show what was changed', isBlind: true };

export function isMissing(answer: ProvenProperty | Missing | Proof | undefined): answer is Missing {
  return answer !== undefined && 'missing' in answer;
}

function isShown(answer: ProvenProperty | Missing | undefined): answer is ProvenProperty {
  return answer !== undefined && !isMissing(answer);
}

/**
 * The sentence of a proven table. It claims no more than the proof holds.
 *
 * @param unaccounted changes of the trail that only counters show, and that may be of this table
 */
export function claimOf({ counters, images }: Proof, unaccounted: number): string {
  if (counters === undefined)
    return 'rows and records agree; nothing counts what an application changes, so a change that was undone leaves no sign';
  if (unaccounted > 0)
    return `rows and records agree; ${unaccounted} changes of this trail left nothing that can be compared`;
  if (images === undefined)
    return 'every change has a record; the records hold no row images, so values are not compared';
  return 'every change is recorded';
}
