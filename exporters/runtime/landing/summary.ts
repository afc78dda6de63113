import type { Readiness } from '../exporter.js';
import { type Html, html } from './html.js';
import type { CellState, FindingState, LandingSection, SectionEvidence, SectionFinding } from './section.js';

/** One line of the summary. */
export interface SummaryDomain {
  readonly title: string;
  /** An exporter that is not ready has not checked everything: its findings are shown, but the state is not fine. */
  readonly readiness: Readiness;
  readonly sections: readonly (LandingSection & { readonly id: string })[];
}

/** The summary names at most this many; the section lists all. */
const NAMED = 3;
const words = { fine: 'fine', attention: 'needs attention', unknown: 'not known' } as const;
const colours: Readonly<Record<FindingState, CellState>> = { fine: 'good', attention: 'bad', unknown: 'warning' };

/** The most important information: whether each domain is fine, why not, and where that is shown. */
export function renderSummary(domains: readonly SummaryDomain[]): Html {
  return html`<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<ul class="summary">
${domains.map(renderDomain)}</ul>
</section>
`;
}

function renderDomain(domain: SummaryDomain): Html {
  const state = findingStateOf(domain);
  const { ready, reason = 'not ready' } = domain.readiness;
  const lines = [
    ...(ready ? [] : [html`<li>Not ready: ${reason}</li>`]),
    ...domain.sections.flatMap(({ id, title, evidence }) =>
      sentences(evidence).map((sentence) => html`<li><a href="#${id}">${title}</a>: ${sentence}</li>`),
    ),
  ];
  return html`<li><h3>${domain.title}</h3><p><span class="state ${colours[state]}">${words[state]}</span></p>
<ul>${lines.length > 0 ? lines : html`<li>${nothing(domain)}</li>`}</ul></li>
`;
}

/** Without findings the state is unknown: absence of findings proves nothing. */
export function findingStateOf({ sections, readiness }: SummaryDomain): FindingState {
  const states = sections.flatMap(({ evidence }) => evidence?.findings ?? []).map(({ state }) => state);
  if (states.includes('attention')) return 'attention';
  return !readiness.ready || states.includes('unknown') || states.length === 0 ? 'unknown' : 'fine';
}

function sentences(evidence: SectionEvidence | undefined): string[] {
  if (evidence === undefined || evidence.findings.length === 0) return [];
  const { fineMeans, findings } = evidence;
  const all = findings.length;
  return [
    ...withProblems(findings, 'attention', (count) => `${count} of ${all} ${count === 1 ? 'needs' : 'need'} attention`),
    ...withProblems(findings, 'unknown', (count) => `${count} of ${all} ${count === 1 ? 'is' : 'are'} not known`),
    ...(findings.every(({ state }) => state === 'fine') ? [`${all} of ${all}: ${fineMeans}.`] : []),
  ];
}

function withProblems(
  findings: readonly SectionFinding[],
  state: FindingState,
  count: (count: number) => string,
): string[] {
  const found = findings.flatMap((finding) => (finding.state === 'fine' || finding.state !== state ? [] : [finding]));
  if (found.length === 0) return [];
  const groups = new Map<string, string[]>();
  for (const { what, why } of found) groups.set(why, [...(groups.get(why) ?? []), what]);
  const reasons = [...groups].map(([why, [first = '', ...more]]) =>
    more.length === 0 ? `${first} (${why})` : `${why} (${someOf([first, ...more], ', ')})`,
  );
  return [`${count(found.length)}: ${someOf(reasons, '; ')}.`];
}

function someOf(all: readonly string[], separator: string): string {
  const rest = all.length - NAMED;
  return `${all.slice(0, NAMED).join(separator)}${rest > 0 ? `${separator}and ${rest} more` : ''}`;
}

function nothing({ sections: [first] }: SummaryDomain): Html {
  const why = first?.table?.empty ?? 'nothing is said of what is seen.';
  return first === undefined ? html`${why}` : html`<a href="#${first.id}">${first.title}</a>: ${why}`;
}
