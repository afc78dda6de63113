import { z } from 'zod';
import { type ForeignFinding, type ImportedResults, importedResults } from './imported.js';

/** `--output-formats json-ocsf`, of Prowler 4 and later. */
const ocsf = z.object({
  metadata: z.object({
    event_code: z.string(),
    product: z.object({ name: z.literal('Prowler'), version: z.string().optional() }),
  }),
  status_code: z.string(),
  /** Seconds since 1970. `time_dt` has no offset, and is local to the machine that scanned. */
  time: z.number().int().positive(),
});

/** `-M json`, of Prowler 2 and 3. */
const native = z.object({
  CheckID: z.string(),
  Status: z.string(),
  AssessmentStartTime: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
});

/** @throws {z.ZodError} */
export function prowlerImport(value: unknown): ImportedResults {
  const findings = z.array(z.looseObject({})).parse(value);
  const isOcsf = findings.some((finding) => 'metadata' in finding);
  if (!isOcsf) return importedResults('Prowler', z.array(native).parse(findings).map(nativeFinding));
  const read = z.array(ocsf).parse(findings);
  const version = read[0]?.metadata.product.version;
  return importedResults(version === undefined ? 'Prowler' : `Prowler ${version}`, read.map(ocsfFinding));
}

function ocsfFinding({ metadata, status_code, time }: z.output<typeof ocsf>): ForeignFinding {
  return {
    identifier: metadata.event_code,
    outcome: outcomeOfWord(status_code),
    collectedAt: new Date(time * 1000),
  };
}

function nativeFinding({ CheckID, Status, AssessmentStartTime }: z.output<typeof native>): ForeignFinding {
  return { identifier: CheckID, outcome: outcomeOfWord(Status), collectedAt: oldestReading(AssessmentStartTime) };
}

/**
 * A failure that was muted in the tool failed: exceptions with an approver and an end are the pack's waivers. `MANUAL`
 * and `INFO` decide nothing.
 */
function outcomeOfWord(word: string): ForeignFinding['outcome'] {
  if (word === 'PASS') return 'pass';
  return word === 'FAIL' ? 'fail' : 'unknown';
}

/** Without an offset it is taken as the zone in which it is longest ago, so that evidence never looks fresher than it is. */
function oldestReading(written: string): Date {
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(written) ? new Date(written) : new Date(`${written}+14:00`);
}
