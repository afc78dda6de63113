/** Controls as they are evaluated: those of the catalogues, as the profile selects and tailors them. */
import { digestOfValue } from '../reading/digest.js';
import type { ReadDocument } from './documents.js';
import type { Applicability, CatalogueIdentity, Control, ControlCheck } from './model/index.js';
import type { ParsedCatalogue, ParsedControl } from './schema/catalogue.js';
import type { ParsedControlCheck } from './schema/check.js';
import type { ParsedProfile } from './schema/profile.js';

interface ResolvedControls {
  readonly catalogues: readonly CatalogueIdentity[];
  readonly controls: readonly Control[];
}

export function resolveControls(
  catalogues: readonly ReadDocument<ParsedCatalogue>[],
  profile: ReadDocument<ParsedProfile> | undefined,
): ResolvedControls {
  const resolved = catalogues.map(({ value }) => {
    const { name, title, version } = value.catalogue;
    const controls = Object.entries(value.controls)
      .filter(([id, control]) => isSelected(id, control, profile?.value))
      .map(([id, control]) => resolveControl(id, control, name, profile?.value));
    return { identity: { name, title, version, sha256: digestOfValue(controls) }, controls };
  });
  return {
    catalogues: resolved.map(({ identity }) => identity),
    controls: resolved.flatMap(({ controls }) => controls),
  };
}

function isSelected(id: string, { area }: ParsedControl, profile: ParsedProfile | undefined): boolean {
  const { areas, controls } = profile?.select ?? {};
  return (areas === undefined || areas.includes(area)) && (controls === undefined || controls.includes(id));
}

function resolveControl(
  id: string,
  written: ParsedControl,
  catalogue: string,
  profile: ParsedProfile | undefined,
): Control {
  const {
    title,
    area,
    owner,
    severity,
    statement,
    guidance,
    runbook,
    effective,
    references,
    evidence,
    schedule,
    review,
    tests,
  } = written;
  const tailored = profile?.tailor[id];
  return {
    id,
    title,
    area,
    owner: tailored?.owner ?? owner,
    severity: tailored?.severity ?? severity,
    statement,
    ...(guidance === undefined ? {} : { guidance }),
    ...(runbook === undefined ? {} : { runbook }),
    effective,
    applicability: applicabilityOf(id, written, profile),
    references,
    checks: Object.entries(written.checks).map(([name, check]) => resolveCheck(name, check, tailored?.checks[name])),
    evidenceMaxAgeSeconds: (tailored?.maxAge ?? evidence.maxAge) / 1000,
    intervalMs: tailored?.every ?? schedule.every,
    timeoutMs: schedule.timeout,
    ...(tailored?.review === undefined && review === undefined ? {} : { nextReview: tailored?.review ?? review ?? '' }),
    tests: tailored?.tests ?? tests,
    catalogue,
  };
}

/** A fact that the profile does not state excludes nothing. */
function applicabilityOf(
  id: string,
  { appliesWhen }: ParsedControl,
  profile: ParsedProfile | undefined,
): Applicability {
  const excluded = profile?.exclude[id];
  if (excluded !== undefined) return { applies: false, ...excluded };
  const stated = profile?.facts ?? {};
  const differs = Object.entries(appliesWhen?.facts ?? {}).some(
    ([fact, value]) => stated[fact] !== undefined && stated[fact] !== value,
  );
  if (appliesWhen === undefined || !differs) return { applies: true };
  return { applies: false, reason: appliesWhen.reason, reviewBy: appliesWhen.reviewBy };
}

type Tailored = ParsedProfile['tailor'][string]['checks'][string] | undefined;

function resolveCheck(name: string, check: ParsedControlCheck, tailored: Tailored): ControlCheck {
  const { title, unit, failsAfter } = check;
  const base = { name, title, unit, failsAfterMs: failsAfter ?? 0 };
  switch (check.kind) {
    case 'promql': {
      const { query, reduce, onEmpty, minSeries, alive } = check;
      const expect = expectationOf(check.expect, tailored);
      return {
        ...base,
        kind: 'promql',
        query,
        reduce,
        expect,
        onEmpty,
        minSeries,
        ...(alive === undefined ? {} : { aliveQuery: alive }),
      };
    }
    case 'sql':
      return {
        ...base,
        kind: 'sql',
        database: check.database,
        query: check.query,
        expect: expectationOf(check.expect, tailored),
      };
    case 'http': {
      const { path, status, json } = check;
      return {
        ...base,
        kind: 'http',
        path,
        status,
        ...(json === undefined ? {} : { json }),
        expect: expectationOf(check.expect, tailored),
      };
    }
    case 'freshness': {
      const { query, database, maxAge, warnAge } = check;
      return {
        ...base,
        kind: 'freshness',
        source: database === undefined ? { kind: 'promql', query } : { kind: 'sql', database, query },
        maxAgeSeconds: (tailored?.maxAge ?? maxAge) / 1000,
        ...(warnAge === undefined ? {} : { warnAgeSeconds: warnAge / 1000 }),
      };
    }
    case 'deadline':
      return { ...base, kind: 'deadline', obligation: check.obligation };
    case 'attestation':
      return {
        ...base,
        kind: 'attestation',
        everyMonths: tailored?.everyMonths ?? check.everyMonths,
        leadDays: check.lead,
      };
    case 'imported':
      return { ...base, kind: 'imported', source: check.from, identifiers: check.identifiers };
    case 'composite':
      return { ...base, kind: 'composite', of: check.of, atLeast: check.atLeast };
  }
}

function expectationOf(
  {
    is,
    limit,
    warn,
  }: { readonly is: '==' | '!=' | '<' | '<=' | '>' | '>='; readonly limit: number; readonly warn?: number | undefined },
  tailored: Tailored,
) {
  const warnLimit = tailored?.warn ?? warn;
  return { operator: is, limit: tailored?.limit ?? limit, ...(warnLimit === undefined ? {} : { warnLimit }) };
}
