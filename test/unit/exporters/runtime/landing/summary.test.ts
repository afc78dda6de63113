import { describe, expect, it } from 'vitest';
import type { SectionFinding } from '../../../../../exporters/runtime/landing/section.js';
import { findingStateOf, renderSummary, type SummaryDomain } from '../../../../../exporters/runtime/landing/summary.js';

const fine: SectionFinding = { what: 'login', state: 'fine' };
const bad: SectionFinding = { what: 'search', state: 'attention', why: 'status 500' };
const unknown: SectionFinding = { what: 'export', state: 'unknown', why: 'its last run ended 90 s ago' };

function domain(
  findings: readonly SectionFinding[],
  readiness: SummaryDomain['readiness'] = { ready: true },
): SummaryDomain {
  const evidence = { fineMeans: 'SLA met', findings };
  return { title: 'Workflows', readiness, sections: [{ id: 'section-1', title: 'Workflows', evidence }] };
}

describe('a line of the summary', () => {
  it.each([
    ['all that was looked at is fine', [fine, fine], { ready: true }, 'fine'],
    ['one of many needs attention', [fine, bad, unknown], { ready: true }, 'attention'],
    ['of one nothing is known', [fine, unknown], { ready: true }, 'unknown'],
    ['nothing was looked at', [], { ready: true }, 'unknown'],
    ['all was fine, and nobody looks any more', [fine], { ready: false, reason: 'the thread died' }, 'unknown'],
    ['one needs attention, and nobody looks any more', [bad], { ready: false }, 'attention'],
  ] as const)('where %s', (_, findings, readiness, expected) => {
    expect(findingStateOf(domain(findings, readiness))).toBe(expected);
  });

  it('is not known for an exporter that says nothing of what it sees', () => {
    expect(
      findingStateOf({ title: 'Other', readiness: { ready: true }, sections: [{ id: 'x', title: 'Other' }] }),
    ).toBe('unknown');
  });

  it('gives the reasons, and the place where all is shown', () => {
    const { text } = renderSummary([domain([fine, bad, unknown])]);
    expect(text).toContain('needs attention');
    expect(text).toContain('<a href="#section-1">Workflows</a>: 1 of 3 needs attention: search (status 500).');
    expect(text).toContain('1 of 3 is not known: export (its last run ended 90 s ago).');
  });

  it('says what is fine in words', () => {
    expect(renderSummary([domain([fine, fine])]).text).toContain('</a>: 2 of 2: SLA met.');
  });

  it('names three of many, and a reason that they share once', () => {
    const { text } = renderSummary([domain(['a', 'b', 'c', 'd', 'e'].map((what) => ({ ...bad, what })))]);
    expect(text).toContain('5 of 5 need attention: status 500 (a, b, c, and 2 more).');
  });

  it('names three of many reasons', () => {
    const { text } = renderSummary([domain(['a', 'b', 'c', 'd', 'e'].map((what) => ({ ...bad, what, why: what })))]);
    expect(text).toContain('5 of 5 need attention: a (a); b (b); c (c); and 2 more.');
  });

  it('says why an exporter is not ready', () => {
    const { text } = renderSummary([domain([fine], { ready: false, reason: 'the thread died' })]);
    expect(text).toContain('<li>Not ready: the thread died</li>');
    expect(text).toContain('not known');
  });
});
