/** What the API answers. The same schemas make the OpenAPI description. */
import { z } from 'zod';
import { checkKinds, comparisonOperators } from '../../../pack/compliance/model/check.js';
import { complianceAreas, controlSeverities, referenceConfidences } from '../../../pack/compliance/model/control.js';
import { controlStatuses } from '../../../pack/compliance/model/status.js';

const instant = z.iso.datetime();
const day = z.iso.date();
const status = z.enum(controlStatuses);
const text = z.string();
/** Numbers that are compared stay texts, so that none loses digits on the way. */
const decimal = z.string().describe('A number in decimal, as a text so that no digit is lost.');

export const controlSummarySchema = z
  .object({
    board: text.describe('Name of the compliance board.'),
    portal: text,
    id: text.describe('Identifier of the control.'),
    title: text,
    area: z.enum(complianceAreas),
    owner: text.describe('The team that answers for it.'),
    severity: z.enum(controlSeverities),
    status: status.describe('After applicability and waivers.'),
    raw: status.describe('What the checks found.'),
    since: instant.optional().describe('Since when it has this status; absent where that is not known.'),
    reason: text.optional().describe('Why it is not compliant.'),
    waiver: z.object({ id: text, expiresOn: day }).optional(),
    evidenceAt: instant.optional().describe('Time of the oldest evidence that the status rests on.'),
    evidenceMaxAgeSeconds: z.number().describe('Older evidence makes the status unknown.'),
    evaluatedAt: instant.optional(),
    comingFrom: day.optional().describe('The day from which the control applies, where it does not yet.'),
    nextReview: day.optional().describe('When a person reviews the control itself.'),
  })
  .meta({ id: 'ControlSummary' });
export type ControlSummary = z.infer<typeof controlSummarySchema>;

const checkSchema = z
  .object({
    name: text,
    title: text,
    kind: z.enum(checkKinds),
    unit: text,
    outcome: z.enum(['pass', 'at_risk', 'fail', 'unknown']),
    value: decimal.optional(),
    operator: z.enum(comparisonOperators).optional(),
    limit: decimal.optional(),
    warnLimit: decimal.optional(),
    asOf: instant.optional().describe('How old the evidence is.'),
    source: text.optional(),
    reason: text.optional(),
  })
  .meta({ id: 'ControlCheck' });

const referenceSchema = z
  .object({
    framework: text,
    ref: text,
    confidence: z
      .enum(referenceConfidences)
      .describe('verified: somebody read the text on the day `checked`. Otherwise a person must confirm it.'),
    checked: day.optional(),
    note: text.optional(),
  })
  .meta({ id: 'FrameworkReference' });

const waiverSchema = z
  .object({
    id: text,
    reason: text,
    compensating: text,
    requestedBy: text.describe('A role, never a person.'),
    approvedBy: text.describe('A role, never a person.'),
    approvedOn: day,
    expiresOn: day,
    ticket: text.optional(),
  })
  .meta({ id: 'Waiver' });

export const controlDetailSchema = controlSummarySchema
  .extend({
    statement: text.describe('What has to be so.'),
    guidance: text.optional(),
    runbook: text.optional(),
    references: z.array(referenceSchema),
    checks: z.array(checkSchema),
    waiver: waiverSchema.optional(),
    catalogue: z.object({ name: text, version: text, sha256: text }),
    evaluation: z
      .object({ number: z.int(), sha256: text.describe('Of the evaluation in the form of RFC 8785.') })
      .optional()
      .describe('The newest one in the evidence store, as its proof names it.'),
  })
  .meta({ id: 'ControlDetail' });
export type ControlDetail = z.infer<typeof controlDetailSchema>;

/** The denominator, always beside what is counted. */
const summarySchema = z
  .object({
    applicable: z.int().describe('All but those that do not apply.'),
    counts: z.record(status, z.int()),
  })
  .meta({ id: 'StatusSummary' });
export type StatusSummary = z.infer<typeof summarySchema>;

export const controlListSchema = z
  .object({
    asOf: instant,
    summary: summarySchema.describe('Of all controls that the filter selects, not only of this page.'),
    total: z.int(),
    items: z.array(controlSummarySchema),
    next: text.optional().describe('Give it as `cursor` for the next page.'),
  })
  .meta({ id: 'ControlList' });

export const historySchema = z
  .object({
    items: z.array(
      z
        .object({
          board: text,
          control: text,
          at: instant,
          status,
          raw: status,
          before: status.optional().describe('Absent for the first evaluation.'),
          evaluation: z.int(),
        })
        .meta({ id: 'StatusTransition' }),
    ),
    next: text.optional(),
  })
  .meta({ id: 'StatusHistory' });

/** RFC 9457. */
export const problemSchema = z
  .object({ type: text, title: text, status: z.int(), detail: text })
  .meta({ id: 'Problem' });

const names = (what: string) => z.string().max(200).optional().describe(what);
const MOST_PER_PAGE = 1000;
const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(MOST_PER_PAGE)
  .default(100)
  .describe(`How many a page has, at most ${MOST_PER_PAGE}.`);
const cursor = z.string().max(500).optional().describe('`next` of the page before.');

const filterSchema = z.strictObject({
  board: names('Only of this board.'),
  area: z.enum(complianceAreas).optional(),
  status: status.optional().describe('Only with this status.'),
  severity: z.enum(controlSeverities).optional(),
  owner: names('Only of this team.'),
  framework: names('Only those that refer to this framework.'),
  actionable: z.stringbool().optional().describe('Only what somebody has to act on: failing, unknown or at risk.'),
  stale: z.stringbool().optional().describe('Only those whose evidence is older than it may be.'),
  q: names('Only those in whose identifier or title this text stands.'),
});
export type ControlFilter = z.infer<typeof filterSchema>;

export const controlQuerySchema = filterSchema.extend({ limit, cursor });
export type ControlQuery = z.infer<typeof controlQuerySchema>;

export const exportFormats = ['json', 'csv', 'oscal', 'poam'] as const;
export const exportQuerySchema = filterSchema.extend({
  format: z
    .enum(exportFormats)
    .describe('oscal: assessment results of OSCAL 1.2; poam: its plan of action, an item for each open failure.'),
});
export type ExportQuery = z.infer<typeof exportQuerySchema>;

export const controlExportSchema = z
  .object({
    asOf: instant,
    packVersion: text,
    filters: z.record(text, text).describe('Of the request: what they leave out is not in the export.'),
    catalogues: z.array(z.object({ name: text, version: text, sha256: text })),
    summary: summarySchema,
    items: z.array(controlDetailSchema),
  })
  .meta({ id: 'ControlExport' });

export const detailQuerySchema = z.strictObject({ board: names('Needed where several boards have the control.') });

export const historyQuerySchema = z.strictObject({
  board: names('Only of this board.'),
  control: names('Only of this control.'),
  from: instant.optional().describe('Inclusive.'),
  to: instant.optional().describe('Exclusive.'),
  limit,
  cursor: z.coerce.number().int().min(1).optional().describe('`next` of the page before.'),
});
