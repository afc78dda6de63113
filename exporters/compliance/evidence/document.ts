/** One evaluation of one control, as it is stored, sealed and handed to an auditor. */
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { comparisonOperators } from '../../../pack/compliance/model/check.js';
import { controlStatuses } from '../../../pack/compliance/model/status.js';

/** No number stands in a document: RFC 8785 writes numbers as JavaScript reads them, and long ones lose digits. */
const decimal = z.string().regex(/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i, 'not a number in decimal');
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hexadecimal');
const instant = z.iso.datetime();

/** What one check saw, compared with what, when and from where. */
const checkEvidence = z.strictObject({
  name: z.string(),
  kind: z.string(),
  outcome: z.enum(['pass', 'at_risk', 'fail', 'unknown']),
  /** Absent where nothing could be seen. */
  value: decimal.optional(),
  operator: z.enum(comparisonOperators).optional(),
  limit: decimal.optional(),
  warnLimit: decimal.optional(),
  /** How old the evidence is; absent where it was taken at the time of the evaluation. */
  asOf: instant.optional(),
  source: z.string(),
  /** Why the outcome is not `pass`. */
  reason: z.string().optional(),
});
export type CheckEvidence = Readonly<z.infer<typeof checkEvidence>>;

const evaluationDocument = z.strictObject({
  format: z.literal('kop-evaluation-1'),
  board: z.string(),
  portal: z.string(),
  control: z.string(),
  catalogue: z.strictObject({ name: z.string(), version: z.string(), sha256: sha256Hex }),
  /** SHA-256 of the control's definition, which the store keeps: with it the evaluation can be repeated. */
  definition: sha256Hex,
  at: instant,
  raw: z.enum(controlStatuses).exclude(['waived']),
  effective: z.enum(controlStatuses),
  waiver: z.string().optional(),
  reason: z.string().optional(),
  checks: z.array(checkEvidence),
});
export type EvaluationDocument = Readonly<z.infer<typeof evaluationDocument>>;

/** @throws {z.ZodError} */
export function parseEvaluation(value: unknown): EvaluationDocument {
  return evaluationDocument.parse(value);
}

/** RFC 8785 form: what is hashed. As UTF-8 these are the bytes of the leaf. */
export function canonicalText(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}
