import type { CollectorState } from '../collector-runner.js';
import type { ReloadStatus } from '../config-holder.js';
import type { Readiness } from '../exporter.js';
import { Html, html } from './html.js';
import { renderCell, renderSection, renderTime } from './render-section.js';
import type { Cell, LandingSection } from './section.js';
import { style } from './style.js';

export interface LandingContent {
  readonly version: string;
  readonly now: Date;
  readonly startedAt: Date;
  readonly ready: Readiness;
  readonly exporters: readonly { readonly name: string; readonly readiness: Readiness }[];
  readonly collectors: readonly CollectorState[];
  readonly config: { readonly files: readonly string[]; readonly sha256: string; readonly reload: ReloadStatus };
  /** `2/4`, where this process measures a share of the names only. */
  readonly shard?: string;
  readonly sections: readonly LandingSection[];
}

/** What a person sees who opens the address in a browser. */
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

/** What was measured comes before how; a configuration that cannot be used comes before everything. */
function parts(content: LandingContent): readonly Html[] {
  const sections = [exporterSection(content), ...content.sections, collectorSection(content)];
  const rendered = sections.map((section, index) => renderSection(section, `section-${index}`));
  const config = renderConfig(content);
  return content.config.reload.successful ? [...rendered, config] : [config, ...rendered];
}

function readyCell({ ready, reason }: Readiness): Cell {
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
  };
}

function outcomeCell({ outcome, detail }: CollectorState): Cell {
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
