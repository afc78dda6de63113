import { encryptionMetrics as m, selfTests as selfTestNames } from '../../../pack/encryption/metrics.js';
import { columnStates, providerStates, encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { baseline, colours, field, fieldsLike, fixed, shades, thresholds } from '../kit/fields.js';
import { heatmap, stat, stateTimeline, tablePanel, timeseries } from '../kit/panels.js';
import type { Dashboard, Override, Panel, QueryTarget } from '../kit/types.js';
import { labelVariable } from '../kit/variables.js';
import {
  columnTable,
  judgedOperations,
  keyVersionsTable,
  outcomeColours,
  providerTable,
  selfTestWords,
} from './tables.js';
import { columnStateWords, providerStateWords } from './words.js';

const ofPortal = '{portal="$portal"}';
const chosen = '{portal="$portal", provider="$provider"}';
const operations = `{portal="$portal", provider="$provider", ${judgedOperations}}`;

const series = (expr: string, legendFormat: string): QueryTarget => ({ expr, legendFormat });
const instant = (expr: string, legendFormat = ''): QueryTarget => ({ expr, legendFormat, instant: true });

/** From all providers of a portal down to one operation, and from what is stored to the keys. */
export function encryptionDashboard(): Dashboard {
  return dashboard({
    uid: 'kop-encryption',
    title: 'Field encryption',
    description:
      'Whether fields are encrypted as fast as promised, properly, everywhere, and under keys that are rotated.',
    from: 'now-6h',
    variables: [
      labelVariable('portal', 'Portal', `${m.info.name}, portal`),
      labelVariable('provider', 'Provider', `${m.info.name}${ofPortal}, provider`),
    ],
    rows: [providers(), stored(), latency(), outcomes(), secondSource()],
  });
}

function providers(): DashboardRow {
  return {
    title: 'Providers of $portal',
    lines: [
      { height: 7, panels: [[24, providerTable(ofPortal)]] },
      { height: 6, panels: [[24, providerTimeline()]] },
      {
        height: 12,
        panels: [
          [12, comparedProviders()],
          [12, selfTests()],
        ],
      },
    ],
  };
}

function providerTimeline(): Panel {
  return stateTimeline({
    title: 'State of each provider',
    description:
      'Met; at risk (an alert of lower priority, or more misses in the last hour than the promise allows); broken (down, a failed ' +
      'self-test, or a critical alert); no data.',
    expr: `max by (provider) (${r.state.name}${ofPortal})`,
    subject: 'provider',
    nothing: { text: 'No provider is known', code: providerStates.noData },
    mappings: providerStateWords,
  });
}

/** A test that no provider could make has no series, and would be missing without a word. */
function notMade(test: string): string {
  return `label_replace(NaN * max by (provider) (${m.probeTime.name}${ofPortal}), "test", "${test}", "", "")`;
}

function selfTests(): Panel {
  return tablePanel({
    title: 'Self-tests',
    description:
      'Whether what must fail fails, and what must work works: a forged, truncated or moved ciphertext has to be refused. A test that ' +
      'could not be made says nothing.',
    unit: 'none',
    noValue: 'No data: no self-test has been made',
    targets: [
      {
        expr: [`max by (test, provider) (${m.selfTest.name}${ofPortal})`, ...selfTestNames.map(notMade)].join(' or '),
        legendFormat: '',
        instant: true,
        format: 'table',
      },
    ],
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { columnField: 'provider', rowField: 'test', valueField: 'Value', emptyValue: 'null' },
      },
      { id: 'organize', options: { renameByName: { 'test\\provider': 'Test' } } },
    ],
    overrides: [
      fieldsLike('^(?!Test$).*', {
        mappings: selfTestWords,
        noValue: 'not made',
        'custom.cellOptions': { type: 'color-text' },
        'custom.align': 'center',
      }),
      field('Test', { 'custom.minWidth': 170 }),
    ],
    sortBy: { displayName: 'Test', desc: false },
  });
}

function stored(): DashboardRow {
  return {
    title: 'What is stored, and under which keys',
    lines: [
      { height: 9, panels: [[24, columnTable(ofPortal)]] },
      {
        height: 8,
        panels: [
          [12, columnTimeline()],
          [12, keyVersionsTable(ofPortal)],
        ],
      },
      {
        height: 8,
        panels: [
          [6, notEncrypted()],
          [6, repeated()],
          [6, versions()],
          [6, progress()],
        ],
      },
    ],
  };
}

function columnTimeline(): Panel {
  return stateTimeline({
    title: 'State of each column',
    description:
      'Encrypted; unreadable rows (broken or encoded twice, or an unknown key version); exposed (plaintext, or a nonce used twice); not ' +
      'scanned.',
    expr: `label_join(max by (table, column) (${r.columnState.name}${ofPortal}), "subject", ".", "table", "column")`,
    subject: 'subject',
    nothing: { text: 'No column is scanned', code: columnStates.notScanned },
    mappings: columnStateWords,
  });
}

function notEncrypted(): Panel {
  return timeseries({
    title: 'Rows that are not as they must be',
    description:
      'Rows that are not encrypted, broken, encoded twice, or under a key version that nobody knows, of which nobody can tell whether it was made, or that is no longer decrypted, by column. The line at zero says that there was ' +
      'scanning.',
    unit: 'short',
    min: 0,
    softMax: 1,
    noValue: 'No data: no column is scanned',
    targets: [
      series(
        `sum by (table, column, state) (${m.rows.name}{portal="$portal", state=~"plaintext_suspect|malformed|wrapped|unknown_version|undecided_version|revoked_version"}) > 0`,
        '{{table}}.{{column}}: {{state}}',
      ),
      series(`0 * sum(${m.rows.name}${ofPortal})`, 'scanned'),
    ],
    overrides: [
      shades(': plaintext_suspect$', 'red'),
      shades(': malformed$', 'orange'),
      shades(': wrapped$', 'yellow'),
      shades(': unknown_version$', 'purple'),
      shades(': undecided_version$', 'blue'),
      shades(': revoked_version$', 'dark-red'),
      baseline('scanned'),
    ],
  });
}

function repeated(): Panel {
  const copies = (expected: 0 | 1) =>
    `max by (table, column) (${m.ciphertextCopies.name}${ofPortal}) and (max by (table, column) (${m.repeatsExpected.name}${ofPortal}) == ${expected})`;
  return timeseries({
    title: 'Repeated ciphertexts',
    description:
      'Rows whose whole ciphertext is that of another row: whoever reads the table sees which values are equal. Grey where that is ' +
      'declared (deterministic, or an image of a row), and alerts on nobody.',
    unit: 'short',
    min: 0,
    softMax: 1,
    noValue: 'No data: no column is scanned',
    targets: [series(copies(0), '{{table}}.{{column}}'), series(copies(1), '{{table}}.{{column}}: declared')],
    overrides: [shades(': declared$', 'text')],
  });
}

function versions(): Panel {
  return timeseries({
    title: 'Rows by key version',
    description:
      'How many values are under each key version, over all columns; the newest ten, and the others together.',
    unit: 'short',
    min: 0,
    stacked: true,
    noValue: 'No data: no column is scanned',
    targets: [series(`sum by (version) (${m.keyVersionRows.name}${ofPortal})`, 'version {{version}}')],
  });
}

function progress(): Panel {
  return timeseries({
    title: 'Under the newest key version',
    description: 'Share of the values of each column. After a rotation it falls, and must rise again.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    noValue: 'No data: no column is scanned',
    targets: [series(`max by (table, column) (${m.reencryption.name}${ofPortal})`, '{{table}}.{{column}}')],
  });
}

const slaLine: Override = field('SLA', {
  color: { mode: 'fixed', fixedColor: colours.bad },
  'custom.lineStyle': { fill: 'dash', dash: [10, 8] },
  'custom.fillOpacity': 0,
});

/** From microseconds in this process to a second at a slow service. */
const logarithmic = { type: 'log', log: 10 } as const;

function latency(): DashboardRow {
  return {
    title: 'Latency of $provider',
    lines: [
      {
        height: 9,
        panels: [
          [12, percentiles()],
          [12, distribution()],
        ],
      },
      {
        height: 8,
        panels: [
          [12, bySize()],
          [12, byTemperature()],
        ],
      },
    ],
  };
}

function quantile(q: number, by: string, selector: string): string {
  return `histogram_quantile(${q}, sum by (${by}) (rate(${m.duration.name}_bucket${selector}[$__rate_interval]))) > 0`;
}

function percentiles(): Panel {
  return timeseries({
    title: 'Duration against the SLA',
    description: 'Single encryptions and decryptions on a canary key, all sizes together. The scale is logarithmic.',
    unit: 's',
    scale: logarithmic,
    targets: [
      series(quantile(0.5, 'le', operations), '50 % within'),
      series(quantile(0.95, 'le', operations), '95 % within'),
      series(quantile(0.99, 'le', operations), '99 % within'),
      series(`max(${m.slaTarget.name}${chosen})`, 'SLA'),
    ],
    fill: 0,
    overrides: [
      slaLine,
      fixed('50 % within', 'light-blue'),
      fixed('95 % within', 'blue'),
      fixed('99 % within', 'purple'),
    ],
  });
}

function distribution(): Panel {
  return heatmap({
    title: 'Operations by duration',
    description:
      'How many encryptions and decryptions ended in each bucket of the histogram. One bound is the SLA of 10 ms.',
    unit: 's',
    targets: [
      {
        expr: `sum by (le) (increase(${m.duration.name}_bucket${operations}[$__rate_interval]))`,
        legendFormat: '{{le}}',
        format: 'heatmap',
      },
    ],
  });
}

function comparedProviders(): Panel {
  return timeseries({
    title: '95 % within, by provider',
    description: 'All providers of the portal on one logarithmic scale, against the SLA of the one chosen.',
    unit: 's',
    scale: logarithmic,
    fill: 0,
    targets: [
      series(quantile(0.95, 'provider, le', `{portal="$portal", ${judgedOperations}}`), '{{provider}}'),
      series(`max(${m.slaTarget.name}${chosen})`, 'SLA'),
    ],
    overrides: [slaLine],
  });
}

function bySize(): Panel {
  return timeseries({
    title: '95 % within, by operation and size',
    description: 'Large values take longer everywhere; when small ones do too, it is the way to the provider.',
    unit: 's',
    scale: logarithmic,
    fill: 0,
    targets: [series(quantile(0.95, 'operation, size, le', operations), '{{operation}} {{size}}')],
  });
}

function byTemperature(): Panel {
  return timeseries({
    title: '95 % within, with and without fetching a key',
    description:
      '"cold": the data key had to be fetched first. Far apart is normal; "warm" near "cold" means no cache.',
    unit: 's',
    scale: logarithmic,
    fill: 0,
    targets: [series(quantile(0.95, 'key_temperature, le', operations), '{{key_temperature}}')],
  });
}

function outcomes(): DashboardRow {
  return {
    title: 'Outcomes of $provider',
    lines: [
      {
        height: 8,
        panels: [
          [8, byOutcome()],
          [8, errors()],
          [8, notCounted()],
        ],
      },
    ],
  };
}

function byOutcome(): Panel {
  return timeseries({
    title: 'Operations per minute',
    description: 'Encryptions and decryptions that met the SLA, missed it, or failed. A failed one has missed.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(`60 * sum by (outcome) (rate(${m.operations.name}${operations}[$__rate_interval]))`, '{{outcome}}'),
    ],
    overrides: outcomeColours,
  });
}

function errors(): Panel {
  return timeseries({
    title: 'Failures by reason, per minute',
    description:
      'Why operations failed. "integrity" means that a ciphertext did not prove genuine; the line at zero, that there was measuring.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(`60 * sum by (reason) (rate(${m.errors.name}${chosen}[$__rate_interval])) > 0`, '{{reason}}'),
      series(`0 * sum(rate(${m.errors.name}${chosen}[$__rate_interval]))`, 'measured'),
    ],
    overrides: [
      ...Object.entries({
        timeout: 'orange',
        unavailable: 'dark-red',
        auth: 'purple',
        integrity: 'red',
        throttled: 'yellow',
        protocol: 'blue',
      }).map(([reason, colour]) => fixed(reason, colour)),
      baseline('measured'),
    ],
  });
}

function notCounted(): Panel {
  return timeseries({
    title: 'Operations that were not timed',
    description:
      'Disturbed by the exporter itself. Most are judged all the same: who was in time in spite of it was in time. Of the undecided nobody can tell. The uncertain ended by a fault of ours, such as a proxy, and count for nothing.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    targets: [
      series(`sum(increase(${m.tainted.name}${chosen}[$__rate_interval]))`, 'tainted'),
      series(`sum(increase(${m.undecided.name}${chosen}[$__rate_interval]))`, 'undecided'),
      series(`sum by (reason) (increase(${m.uncertain.name}${chosen}[$__rate_interval]))`, 'uncertain: {{reason}}'),
    ],
    overrides: [fixed('tainted', 'blue'), fixed('undecided', 'orange')],
  });
}

/** Labelled as what it is, so that nobody takes it for a measurement of ours. */
function secondSource(): DashboardRow {
  return {
    title: "The portal's own timings: a second source, not measured by us",
    lines: [
      {
        height: 7,
        panels: [
          [5, sourcesReadable()],
          [12, ownTimings()],
          [7, ownFailures()],
        ],
      },
    ],
  };
}

function sourcesReadable(): Panel {
  return stat({
    title: 'Sources that can be read',
    description: 'Tables in which the portal writes down its own timings, of those described.',
    unit: 'short',
    noValue: 'None described',
    targets: [
      instant(
        `count(${m.portalSourceUp.name}${ofPortal} == 1) or 0 * count(${m.portalSourceUp.name}${ofPortal})`,
        'Readable',
      ),
      instant(`count(${m.portalSourceUp.name}${ofPortal})`, 'Described'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function ownTimings(): Panel {
  return timeseries({
    title: 'Durations that the portal recorded',
    description: 'Of the last day, as its own tables say.',
    unit: 's',
    min: 0,
    noValue: 'No data: the portal keeps no timings of its own, or they cannot be read',
    targets: [
      series(
        `max by (source, operation, statistic) (${m.portalDuration.name}${ofPortal})`,
        '{{source}} {{operation}}: {{statistic}}',
      ),
    ],
  });
}

function ownFailures(): Panel {
  return timeseries({
    title: 'Failures that the portal recorded',
    description: 'Of the last 15 minutes, or of today where the record is by days.',
    unit: 'short',
    min: 0,
    softMax: 1,
    noValue: 'No data: the portal keeps no record of failures',
    targets: [series(`max by (source, operation) (${m.portalFailures.name}${ofPortal})`, '{{source}} {{operation}}')],
    overrides: [shades('.', 'orange')],
  });
}
