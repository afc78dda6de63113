import { clock, type ReceivedAlert } from './notification.js';

/** A readable list; it reloads every five seconds. */
export function alertsPage(received: readonly ReceivedAlert[], heartbeat: Date | undefined): string {
  const rows = received.toReversed().map(row).join('\n');
  const empty = '<tr><td colspan="6">No alert so far. Break something: <code>kop demo fault --help</code></td></tr>';
  const pulse =
    heartbeat === undefined
      ? 'No heartbeat yet.'
      : `Last heartbeat of the watchdog: ${clock(heartbeat)}. It comes every minute.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width">
<title>Alerts received</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem; border-bottom: 1px solid #d0d7de }
  .firing { color: #b3261e; font-weight: 600 } .resolved { color: #1a6b2d; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    body { color: #e6edf3; background: #0d1117 } th, td { border-color: #30363d }
    .firing { color: #ff8a80 } .resolved { color: #7ee2a0 }
  }
</style>
</head>
<body>
<h1>Alerts received</h1>
<p>What Alertmanager sent, newest first. ${pulse}</p>
<table>
<thead><tr><th>Time</th><th>State</th><th>Alert</th><th>Where</th><th>Priority</th><th>What it says</th></tr></thead>
<tbody>
${rows === '' ? empty : rows}
</tbody>
</table>
</body>
</html>
`;
}

function row({ at, alert }: ReceivedAlert): string {
  const { labels, annotations, status } = alert;
  const name = [labels.alertname, labels.window && `(${labels.window})`].filter(Boolean).join(' ');
  const where = [labels.portal, labels.workflow].filter(Boolean).join(' / ');
  const whom = [labels.priority, labels.team].filter(Boolean).join(', ');
  const cells = [clock(at), name, where, whom, annotations.description ?? annotations.summary ?? ''].map(escaped);
  const [time, ...rest] = cells.map((cell) => `<td>${cell}</td>`);
  return `<tr>${time}<td class="${status}">${status}</td>${rest.join('')}</tr>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
