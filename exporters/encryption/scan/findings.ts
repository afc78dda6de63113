import { z } from 'zod';
import type { Batch } from './batch.js';

const wrongStates = ['plaintext_suspect', 'malformed', 'wrapped'] as const;

/** A range of the table with faulty rows: after one primary key, up to and including another. */
export const findingSchema = z.object({
  state: z.enum(wrongStates),
  /** Absent at the beginning of the table. */
  after: z.string().optional(),
  upTo: z.string(),
  rows: z.int().positive(),
});
export type ScanFinding = z.infer<typeof findingSchema>;

/** More ranges are not useful: a column with this many is wrong almost everywhere. */
export const MOST_FINDINGS = 100;

/**
 * Adds the findings of the batch after this key. Adjacent ranges are merged, so that a column of plaintext is one
 * finding.
 */
export function addFindings(findings: ScanFinding[], after: string | undefined, { groups, last }: Batch): void {
  for (const state of wrongStates) {
    const rows = groups.reduce((sum, group) => sum + (group.state === state ? group.rows : 0), 0);
    if (rows === 0) continue;
    const before = findings.findLast((each) => each.state === state);
    if (before !== undefined && before.upTo === after) Object.assign(before, { upTo: last, rows: before.rows + rows });
    else if (findings.length < MOST_FINDINGS) {
      findings.push({ state, ...(after === undefined ? {} : { after }), upTo: last, rows });
    }
  }
}
