import { z } from 'zod';
import { controlStatuses } from '../../../../pack/compliance/model/index.js';
import { OSCAL_NAMESPACE } from '../oscal-names.js';
import { type ForeignFinding, type ImportedResults, importedResults } from './imported.js';

const instant = z.iso.datetime({ offset: true }).transform((written) => new Date(written));
const props = z.array(z.object({ name: z.string(), ns: z.string().optional(), value: z.string() })).default([]);

const finding = z.object({
  target: z.object({
    'target-id': z.string(),
    props,
    status: z.object({ state: z.string(), reason: z.string().optional() }),
  }),
  'related-observations': z.array(z.object({ 'observation-uuid': z.string() })).default([]),
});
const observation = z.object({ uuid: z.string(), collected: instant, expires: instant.optional() });
const result = z.object({
  start: instant,
  observations: z.array(observation).default([]),
  findings: z.array(finding).default([]),
});
const document = z.object({
  'assessment-results': z.object({ metadata: z.object({ title: z.string() }), results: z.array(result) }),
});

type OscalResult = z.output<typeof result>;

/** Assessment results of any tool. Of several results, the newest that has a target decides about it. @throws {z.ZodError} */
export function oscalImport(value: unknown): ImportedResults {
  const { metadata, results } = document.parse(value)['assessment-results'];
  const newest = new Map<string, { readonly start: Date; readonly findings: ForeignFinding[] }>();
  for (const each of [...results].sort((a, b) => a.start.getTime() - b.start.getTime())) {
    for (const found of findingsOf(each)) {
      const before = newest.get(found.identifier);
      if (before?.start === each.start) before.findings.push(found);
      else newest.set(found.identifier, { start: each.start, findings: [found] });
    }
  }
  return importedResults(
    metadata.title,
    [...newest.values()].flatMap(({ findings }) => findings),
  );
}

function findingsOf({ start, observations, findings }: OscalResult): readonly ForeignFinding[] {
  const byUuid = new Map(observations.map((each) => [each.uuid, each]));
  return findings.map(({ target, 'related-observations': related }) => {
    const seen = related.flatMap(({ 'observation-uuid': uuid }) => byUuid.get(uuid) ?? []);
    const expires = oldest(seen.flatMap((each) => each.expires ?? []));
    const status = exactStatus(target.props);
    return {
      identifier: target['target-id'],
      outcome: outcomeOfState(target.status),
      collectedAt: oldest(seen.map(({ collected }) => collected)) ?? start,
      ...(expires !== undefined && { expiresAt: expires }),
      ...(status !== undefined && { status }),
    };
  });
}

/** `other` says neither that it passed nor that it failed. */
function outcomeOfState({ state, reason }: { state: string; reason?: string | undefined }): ForeignFinding['outcome'] {
  if (state === 'satisfied') return 'pass';
  return state === 'not-satisfied' && reason !== 'other' ? 'fail' : 'unknown';
}

function exactStatus(written: z.output<typeof props>): ForeignFinding['status'] {
  const value = written.find(({ name, ns }) => ns === OSCAL_NAMESPACE && name === 'effective-status')?.value;
  return controlStatuses.find((status) => status === value);
}

function oldest(times: readonly Date[]): Date | undefined {
  return times.length === 0 ? undefined : new Date(Math.min(...times.map((time) => time.getTime())));
}
