import { z } from 'zod';
import { type ForeignFinding, type ImportedResults, importedResults } from './imported.js';

const inspecResult = z.object({ status: z.string(), start_time: z.iso.datetime({ offset: true }) });
const inspecControl = z.object({ id: z.string(), impact: z.number(), results: z.array(inspecResult).default([]) });
const report = z.object({
  platform: z.object({}),
  version: z.string().optional(),
  profiles: z.array(z.object({ controls: z.array(inspecControl) })),
});

/**
 * `inspec exec --reporter json`. An overlay lists the controls of the profiles that it includes, without their results.
 *
 * @throws {z.ZodError}
 */
export function inspecImport(value: unknown): ImportedResults {
  const { version, profiles } = report.parse(value);
  const findings = profiles.flatMap(({ controls }) => controls.flatMap(controlFindings));
  return importedResults(version === undefined ? 'InSpec' : `InSpec ${version}`, findings);
}

function controlFindings({ id, impact, results }: z.output<typeof inspecControl>): readonly ForeignFinding[] {
  return results.map(({ status, start_time }) => ({
    identifier: id,
    // An impact of 0 says that the control does not apply there, whatever its tests gave.
    outcome: impact === 0 ? 'unknown' : (outcomes[status] ?? 'unknown'),
    collectedAt: new Date(start_time),
  }));
}

/** `skipped` and `error` decide nothing. */
const outcomes: Readonly<Partial<Record<string, ForeignFinding['outcome']>>> = { passed: 'pass', failed: 'fail' };
