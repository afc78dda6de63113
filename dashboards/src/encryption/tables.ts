/** Tables about field encryption that both the overview and its own dashboard draw from. */
import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { age, colouredCell, faults, type JoinedColumn, joinedTable, share } from '../kit/joined-table.js';
import type { Panel } from '../kit/types.js';
import { filledIn } from '../kit/variables.js';
import { columnStateWords, providerStateWords } from './words.js';

/** Single encryptions and decryptions; a round trip is one of each again. */
export const judgedOperations = 'operation=~"encrypt|decrypt"';

/** One line for each provider, worst first. `selector` limits it, such as `{portal="$portal"}`. */
export function providerTable(selector: string): Panel {
  const within = selector.replace(/^\{|\}$/g, '');
  const also = within === '' ? '' : `, ${within}`;
  const by = (expr: string) => `max by (portal, provider) (${expr})`;
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (portal, provider, le) (increase(${m.duration.name}_bucket{${judgedOperations}${also}}[1h]))) > 0`;
  const tests = (comparison: string) => `count by (portal, provider) (${m.selfTest.name}${selector}${comparison})`;
  const identity = `max by (portal, provider, kind, title, team) (${r.identity.name}${selector})`;
  return joinedTable({
    title: 'Providers of encryption',
    description:
      'What encrypts, with the state of its promise. Percentiles are of single encryptions and decryptions of all sizes in the last ' +
      'hour; "Met" is of the last day. "No data" means that no round of the probe has ended of late.',
    nobody: 'No provider is described, or nobody has looked for an hour',
    identity,
    key: ['portal', 'provider'],
    labels: {
      title: {
        title: 'Provider',
        properties: {
          'custom.minWidth': 160,
          links: [
            {
              title: 'Show this provider',
              url: `/d/kop-encryption?var-datasource=${filledIn('datasource')}&var-portal=${filledIn('__data.fields.Portal')}&var-provider=${filledIn('__data.fields.Name')}&${filledIn('__url_time_range')}`,
            },
          ],
        },
      },
      kind: { title: 'Kind', properties: { 'custom.width': 90 } },
      team: { title: 'Team', properties: { 'custom.width': 90 } },
      provider: { title: 'Name', properties: { 'custom.width': 90 } },
      portal: { title: 'Portal', properties: { 'custom.width': 85, 'custom.hidden': selector !== '' } },
    },
    leading: ['title', 'kind'],
    columns: [
      {
        title: 'State',
        expr: by(`${r.state.name}${selector}`),
        nothing: 'No data',
        properties: {
          mappings: providerStateWords,
          'custom.cellOptions': colouredCell,
          'custom.width': 90,
          'custom.align': 'center',
        },
      },
      {
        title: 'Met',
        expr: `1 - ${by(`${r.errorRatio('1d').name}${selector}`)}`,
        nothing: 'No data',
        properties: { unit: 'percentunit', decimals: 2, 'custom.width': 90 },
      },
      {
        title: 'Promised',
        expr: by(`${m.slaObjective.name}${selector}`),
        nothing: 'No data',
        properties: { unit: 'percentunit', decimals: 2, 'custom.width': 90 },
      },
      { title: 'SLA', expr: by(`${m.slaTarget.name}${selector}`), nothing: 'No data', properties: timeCell(75) },
      { title: '95 % within', expr: quantile(0.95), nothing: 'No data', properties: timeCell(105) },
      { title: '99 % within', expr: quantile(0.99), nothing: 'No data', properties: timeCell(105) },
      {
        title: 'Self-tests passed',
        expr: `${tests(' == 1')} / ${tests('')} or 0 * ${tests('')}`,
        nothing: 'Not made',
        properties: { ...share(1, 1), 'custom.width': 140 },
      },
      {
        title: 'Bound to its row',
        expr: by(`${m.bindsContext.name}${selector}`),
        nothing: 'No data',
        properties: {
          mappings: words(
            [
              { value: 1, text: 'yes', color: 'text' },
              { value: 0, text: 'no', color: colours.warning },
            ],
            'No data',
          ),
          'custom.width': 125,
          'custom.align': 'center',
        },
      },
      {
        title: 'Credential ends in',
        expr: `${by(`${m.credentialExpiry.name}${selector}`)} - time()`,
        nothing: 'No end known',
        properties: {
          unit: 's',
          decimals: 1,
          'custom.width': 140,
          'custom.cellOptions': { type: 'color-text' },
          thresholds: thresholds({ value: null, color: colours.bad }, { value: 0, color: 'text' }),
        },
      },
      {
        title: 'Last probe',
        expr: `1000 * (${by(`max_over_time(${m.probeTime.name}${selector}[1d])`)} > 0)`,
        nothing: 'Never',
        properties: age('Never'),
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

function timeCell(width: number): Readonly<Record<string, unknown>> {
  return { unit: 's', 'custom.width': width };
}

/** One line for each scanned column. */
export function columnTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, table, column) (${expr})`;
  const within = selector.replace(/^\{|\}$/g, '');
  const also = within === '' ? '' : `, ${within}`;
  const rows = (state: string) => by(`${m.rows.name}{state="${state}"${also}}`);
  const counted = (title: string, expr: string, color: string, width: number): JoinedColumn => ({
    title,
    expr,
    nothing: 'Not scanned',
    properties: { ...faults(color, 'Not scanned'), 'custom.width': width },
  });
  return joinedTable({
    title: 'Columns',
    description:
      'What each column that should hold nothing but ciphertext holds, in its last whole scan. "Newest key" is the share of its ' +
      'values under the newest key version.',
    nobody: 'No column is scanned',
    identity: by(`${r.columnState.name}${selector}`),
    key: ['portal', 'table', 'column'],
    labels: {
      table: { title: 'Table', properties: { 'custom.minWidth': 170 } },
      column: { title: 'Column', properties: { 'custom.minWidth': 120 } },
      portal: { title: 'Portal', properties: { 'custom.width': 85, 'custom.hidden': selector !== '' } },
    },
    leading: ['table', 'column'],
    columns: [
      {
        title: 'State',
        expr: by(`${r.columnState.name}${selector}`),
        nothing: 'Not scanned',
        properties: {
          mappings: columnStateWords,
          'custom.cellOptions': colouredCell,
          'custom.width': 130,
          'custom.align': 'center',
        },
      },
      counted('Plaintext', rows('plaintext_suspect'), 'red', 115),
      counted('Broken', rows('malformed'), 'dark-orange', 115),
      counted('Encoded twice', rows('wrapped'), 'dark-orange', 115),
      counted('Unknown key', rows('unknown_version'), 'dark-orange', 115),
      counted('Revoked key', rows('revoked_version'), 'dark-orange', 115),
      counted('Nonce reused', by(`${m.nonceReuseRows.name}${selector}`), 'red', 110),
      {
        title: 'Encrypted',
        expr: rows('encrypted'),
        nothing: 'Not scanned',
        properties: { unit: 'short', 'custom.width': 110 },
      },
      {
        title: 'Newest key',
        expr: by(`${m.reencryption.name}${selector}`),
        nothing: 'Not known',
        properties: { ...share(1, 0), 'custom.width': 130 },
      },
      {
        title: 'Last whole scan',
        expr: `1000 * (${by(`${m.scanTime.name}${selector}`)} > 0)`,
        nothing: 'None yet',
        properties: age('None yet'),
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

/** One line for each key, the first to be rotated on top. */
export function keyVersionsTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, key) (${expr})`;
  const due = by(`${m.keyRotationDue.name}${selector}`);
  const rotated = by(`${m.keyRotated.name}${selector}`);
  return joinedTable({
    title: 'Keys',
    description:
      'When each key was rotated and is due again, by the policy for what it protects, and how much of the 2^32 encryptions that one ' +
      'version may make is used up.',
    nobody: 'No key is described',
    identity: by(`${m.keySourceUp.name}${selector}`),
    key: ['portal', 'key'],
    labels: {
      key: { title: 'Key', properties: { 'custom.minWidth': 160 } },
      portal: { title: 'Portal', properties: { 'custom.width': 85, 'custom.hidden': selector !== '' } },
    },
    leading: ['key'],
    columns: [
      {
        title: 'Time left',
        expr: `${due} - time()`,
        nothing: 'Not known',
        properties: {
          unit: 's',
          decimals: 1,
          'custom.width': 120,
          'custom.cellOptions': { type: 'color-text' },
          thresholds: thresholds(
            { value: null, color: colours.bad },
            { value: 0, color: 'dark-orange' },
            { value: 604_800, color: 'text' },
          ),
        },
      },
      { title: 'Due', expr: `1000 * ${due}`, nothing: 'Not known', properties: age('Not known', 130) },
      { title: 'Rotated', expr: `1000 * (${rotated} > 0)`, nothing: 'Never', properties: age('Never', 130) },
      {
        title: 'Used up',
        expr: by(`${m.keyInvocations.name}${selector}`),
        nothing: 'Not known',
        properties: {
          unit: 'percentunit',
          decimals: 1,
          min: 0,
          max: 1,
          'custom.width': 150,
          'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
          thresholds: thresholds(
            { value: null, color: colours.unknown },
            { value: 0, color: colours.good },
            { value: 0.25, color: colours.warning },
            { value: 0.5, color: colours.bad },
          ),
        },
      },
    ],
    sortBy: { displayName: 'Time left', desc: false },
  });
}

export const selfTestWords = words(
  [
    { value: 1, text: 'passed', color: colours.good },
    { value: 0, text: 'FAILED', color: colours.bad },
  ],
  'not made',
);

export const outcomeColours = [
  field('met', { color: { mode: 'fixed', fixedColor: colours.good } }),
  field('missed', { color: { mode: 'fixed', fixedColor: 'orange' } }),
  field('failed', { color: { mode: 'fixed', fixedColor: colours.bad } }),
];
