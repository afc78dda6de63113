import type { LandingCell, LandingSection } from '../../runtime/landing/section.js';
import { sizeLabel } from './canary.js';
import { providerFinding } from './findings.js';
import { formatSeconds, percentiles } from './percentiles.js';
import type { ShownProvider } from './shown-provider.js';
import { operationsIn } from './tally.js';

/** The landing page's section on providers: the state of each, its durations, and the results of its self-tests. */
export function probeSections(shown: readonly ShownProvider[], nowMs: number): LandingSection[] {
  return [
    {
      title: 'Encryption providers',
      intro: 'Each is measured on canary keys, in a thread of its own.',
      table: {
        columns: ['Provider', 'Portal', 'Kind', 'State', 'Promise', 'Last round'],
        rows: shown.map(providerRow),
        empty: 'No provider belongs to this process. Describe one under encryption in pack.yaml, or look at --shard.',
      },
      evidence: {
        fineMeans: 'usable, every self-test that could be made has passed, and p99 is within the promise',
        findings: shown.map((provider) => providerFinding(provider, nowMs)),
      },
    },
    {
      title: 'Encryption latency in the last round',
      table: {
        columns: ['Provider', 'Operation', 'Size', 'Data key', 'Samples', 'p50', 'p99', 'Max', 'Disturbed'],
        rows: shown.flatMap(latencyRows),
        empty: 'No round has ended yet.',
      },
    },
    {
      title: 'Encryption self-tests',
      intro: 'A test that could not be made is no success and no failure.',
      table: {
        columns: ['Provider', 'Portal', 'Test', 'Result', 'Why'],
        rows: shown.flatMap(testRows),
        empty: 'No round has ended yet.',
      },
    },
  ];
}

function providerRow(shown: ShownProvider): LandingCell[] {
  const { job, last } = shown;
  return [
    job.provider.name,
    job.portal.name,
    job.provider.kind,
    stateCell(shown),
    formatSeconds(job.slaSeconds),
    last === undefined ? '' : { time: new Date(last.endedAtSeconds * 1000) },
  ];
}

function stateCell({ last, outage, problem }: ShownProvider): LandingCell {
  if (problem !== undefined) return { text: problem, state: 'bad' };
  if (last === undefined) return { text: 'not yet measured', state: 'neutral' };
  if (last.isUsable) {
    const failed = operationsIn(last.failures);
    if (failed === 0) return { text: 'usable', state: 'good' };
    return { text: `usable; ${failed} operations of the last round failed`, state: 'warning' };
  }
  if (last.fault !== undefined) {
    const note = `a fault of ours: ${last.fault}: ${last.problem ?? ''}`;
    if (outage !== undefined) return { text: outage, state: 'bad', note: `not asked since, by ${note}` };
    return { text: `not known: ${last.problem ?? ''}`, state: 'neutral', note: `a fault of ours: ${last.fault}` };
  }
  const rest = last.pauseMs === 0 ? {} : { note: `next try in ${formatSeconds(last.pauseMs / 1000)}` };
  return { text: last.problem ?? 'not usable', state: 'bad', ...rest };
}

function latencyRows({ job, last }: ShownProvider): LandingCell[][] {
  return (last?.series ?? []).map(({ operation, sizeBytes, temperature, seconds, tainted }): LandingCell[] => {
    const found = percentiles(seconds);
    const targetSeconds = operation === 'round_trip' ? 2 * job.slaSeconds : job.slaSeconds;
    const time = (value: number | undefined): LandingCell =>
      value === undefined
        ? ''
        : { text: formatSeconds(value), state: value <= targetSeconds ? ('good' as const) : ('bad' as const) };
    return [
      job.provider.name,
      operation,
      sizeLabel(sizeBytes),
      temperature,
      String(seconds.length),
      time(found?.p50),
      time(found?.p99),
      time(found?.max),
      tainted === 0 ? '0' : { text: String(tainted), state: 'warning' },
    ];
  });
}

function testRows({ job, last }: ShownProvider): LandingCell[][] {
  return (last?.selfTests ?? []).map(([test, { outcome, why }]): LandingCell[] => {
    const state = { passed: 'good', failed: 'bad', absent: 'neutral', unknown: 'warning' } as const;
    const text = { passed: 'passed', failed: 'failed', absent: 'not made', unknown: 'not known' }[outcome];
    return [job.provider.name, job.portal.name, test, { text, state: state[outcome] }, why];
  });
}
