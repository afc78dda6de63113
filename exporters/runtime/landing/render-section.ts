import { type Html, html } from './html.js';
import type { LandingCell, LandingLink, LandingSection, LandingTable } from './section.js';

const MAX_SHORT = 12;

export function renderSection({ title, intro, table, links }: LandingSection, id: string): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${intro === undefined ? undefined : html`<p>${intro}</p>\n`}${table && renderTable(table, id)}${links && renderLinks(links)}</section>
`;
}

function renderTable({ columns, rows, empty = 'Nothing here.' }: LandingTable, id: string): Html {
  if (rows.length === 0) return html`<p>${empty}</p>\n`;
  // Focusable, so that a table that is wider than the window can be scrolled by keyboard.
  return html`<div class="scroll" tabindex="0" role="group" aria-labelledby="${id}"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell) => html`<td${isShort(cell) ? html` class="short"` : undefined}>${renderCell(cell)}</td>`)}</tr>\n`)}</tbody>
</table></div>
`;
}

/** A number and its unit stay on one line, even in a narrow column. */
function isShort(cell: LandingCell): boolean {
  if (typeof cell !== 'string' && 'time' in cell) return true;
  return (typeof cell === 'string' ? cell : cell.text).length <= MAX_SHORT;
}

function renderLinks(links: readonly LandingLink[]): Html {
  return html`<ul class="links">${links.map(({ text, href }) => html`<li>${link(text, href)}</li>`)}</ul>\n`;
}

export function renderCell(cell: LandingCell): Html {
  if (typeof cell === 'string') return html`${cell}`;
  if ('time' in cell) return renderTime(cell.time);
  const { text, href, state, note } = cell;
  const body = href === undefined ? html`${text}` : link(text, href);
  const stated = state === undefined ? body : html`<span class="state ${state}">${body}</span>`;
  return note === undefined ? stated : html`${stated}<span class="note">${note}</span>`;
}

export function renderTime(time: Date): Html {
  if (Number.isNaN(time.getTime())) return html`unknown`;
  const iso = time.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** Paths become relative, so that they work behind a proxy that serves this page below another path. */
function link(text: string, href: string): Html {
  if (href.startsWith('/') && !href.startsWith('//')) return html`<a href=".${href}">${text}</a>`;
  // Any other scheme, such as javascript:, is shown as text.
  return /^https?:\/\//.test(href) ? html`<a href="${href}">${text}</a>` : html`${text}`;
}
