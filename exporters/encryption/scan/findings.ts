import { z } from 'zod';
import type { Batch } from './batch.js';

const wrongStates = ['plaintext_suspect', 'malformed', 'wrapped'] as const;

/** Where in the table rows are that should not be as they are: after one primary key, up to and with another. */
export const findingSchema = z.object({
  state: z.enum(wrongStates),
  /** Absent at the beginning of the table. */
  after: z.string().optional(),
  upTo: z.string(),
  rows: z.int().positive(),
});
export type ScanFinding = z.infer<typeof findingSchema>;

/** More of them help nobody: a column that is wrong in so many places is wrong everywhere. */
export const MOST_FINDINGS = 100;

/** Adds what a batch after this key holds. Neighbours become one, so that a column of plain text is one finding. */
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
