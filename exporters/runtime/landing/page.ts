import type { CollectorState } from '../collector-runner.js';
import type { ReloadStatus } from '../config-holder.js';
import type { Readiness } from '../exporter.js';
import { Html, html } from './html.js';
import { renderCell, renderSection, renderTime } from './render-section.js';
import type { LandingCell, LandingSection, SectionEvidence, SectionFinding } from './section.js';
import { style } from './style.js';
import { renderSummary, type SummaryDomain } from './summary.js';

export interface LandingContent {
  readonly version: string;
  readonly now: Date;
  readonly startedAt: Date;
  readonly ready: Readiness;
  readonly exporters: readonly LandingExporter[];
  readonly collectors: readonly CollectorState[];
  readonly config: { readonly files: readonly string[]; readonly sha256: string; readonly reload: ReloadStatus };
  /** `2/4`, if this process measures only a shard. */
  readonly shard?: string;
  /** Sections of the process, in addition to those of its exporters. */
  readonly sections: readonly LandingSection[];
}

export interface LandingExporter {
  readonly name: string;
  /** Its title in the summary. */
  readonly domain: string;
  readonly readiness: Readiness;
  readonly sections: readonly LandingSection[];
}

/** The page for a browser. */
export function renderLanding(content: LandingContent): string {
  const { version, now, startedAt, ready } = content;
  const title = 'Kingston Observability Pack';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${ready.ready ? '' : 'Not ready: '}${title} exporters</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="lead">Exporters ${version}${content.shard === undefined ? '' : `, shard ${content.shard}`} ${renderCell(readyCell(ready))}</p>
<nav aria-label="Endpoints"><ul>
<li><a href="./metrics">Metrics</a></li>
<li><a href="./-/healthy">Health</a></li>
<li><a href="./-/ready">Readiness</a></li>
</ul></nav>
</header>
<main>
${parts(content)}</main>
<footer><p>Running since ${renderTime(startedAt)}. This page shows ${renderTime(now)}.</p></footer>
</body>
</html>
`.text;
}

/** Results come first, then technical data; an invalid configuration comes before everything except the summary. */
function parts(content: LandingContent): readonly Html[] {
  let count = 0;
  const place = (section: LandingSection) => ({ ...section, id: `section-${count++}` });
  const about = place(exporterSection(content));
  const domains = content.exporters.map(({ domain, readiness, sections }): SummaryDomain => {
    return { title: domain, readiness, sections: sections.map(place) };
  });
  const own = [...content.sections, collectorSection(content)].map(place);
  const configuration = { id: 'configuration', title: 'Configuration', evidence: configEvidence(content) };
  const process: SummaryDomain = {
    title: 'This process',
    readiness: { ready: true },
    sections: [configuration, ...own],
  };
  const rendered = [about, ...domains.flatMap(({ sections }) => sections), ...own].map((section) =>
    renderSection(section, section.id),
  );
  const config = renderConfig(content);
  const summary = renderSummary([...domains, process]);
  return content.config.reload.successful ? [summary, ...rendered, config] : [summary, config, ...rendered];
}

function configEvidence({ config: { reload } }: LandingContent): SectionEvidence {
  const why = 'the files were changed and cannot be used; what was loaded before stays in force';
  return {
    fineMeans: 'in force',
    findings: [reload.successful ? { what: 'files', state: 'fine' } : { what: 'last reload', state: 'attention', why }],
  };
}

function readyCell({ ready, reason }: Readiness): LandingCell {
  if (ready) return { text: 'ready', state: 'good' };
  return { text: 'not ready', state: 'warning', ...(reason === undefined ? {} : { note: reason }) };
}

function exporterSection({ exporters }: LandingContent): LandingSection {
  return {
    title: 'Exporters',
    table: {
      columns: ['Exporter', 'State'],
      rows: exporters.map(({ name, readiness }) => [name, readyCell(readiness)]),
      empty: 'This process runs no exporter.',
    },
  };
}

function collectorSection({ collectors }: LandingContent): LandingSection {
  return {
    title: 'Collectors',
    intro: 'How each fared in the last scrape. What fails is missing from the metrics, not stale.',
    table: {
      columns: ['Collector', 'Last scrape', 'Took', 'Last success'],
      rows: collectors.map((state) => [
        state.name,
        outcomeCell(state),
        state.durationMs === undefined ? '' : `${state.durationMs.toFixed(1)} ms`,
        state.lastSuccess === undefined ? 'never' : { time: state.lastSuccess },
      ]),
    },
    evidence: {
      fineMeans: 'delivered in the last scrape, or had nothing to deliver',
      findings: collectors.map(collectorFinding),
    },
  };
}

function collectorFinding({ name, outcome, detail = 'no reason given' }: CollectorState): SectionFinding {
  switch (outcome) {
    case 'failed':
      return { what: name, state: 'attention', why: detail };
    case 'not asked yet':
      return { what: name, state: 'unknown', why: 'nobody has scraped since the start' };
    default:
      return { what: name, state: 'fine' };
  }
}

function outcomeCell({ outcome, detail }: CollectorState): LandingCell {
  const states = { delivered: 'good', failed: 'bad', 'no data': 'neutral', 'not asked yet': 'neutral' } as const;
  return { text: outcome, state: states[outcome], ...(detail === undefined ? {} : { note: detail }) };
}

function renderConfig({ config: { files, sha256, reload } }: LandingContent): Html {
  const { successful, lastSuccess, lastAttempt, reason } = reload;
  const failure = html`<p>The files were changed and cannot be used; what was loaded before stays in force. The attempt of ${renderTime(lastAttempt)} said:</p>
<pre>${reason}</pre>
`;
  return html`<section aria-labelledby="configuration">
<h2 id="configuration">Configuration</h2>
${successful ? undefined : failure}<dl>
<dt>State</dt><dd>${renderCell(successful ? { text: 'in force', state: 'good' } : { text: 'last reload failed', state: 'bad' })}</dd>
<dt>Files</dt><dd>${files.map((file) => html`<code>${file}</code> `)}</dd>
<dt>SHA-256</dt><dd><code>${sha256}</code></dd>
<dt>Loaded</dt><dd>${renderTime(lastSuccess)}</dd>
<dt>To reload</dt><dd><code>POST /-/reload</code> or the signal <code>SIGHUP</code></dd>
</dl>
</section>
`;
}
