import { orphanFix, orphanText, type TableStatus } from '../../exporters/audit-trail/index.js';
import type { ComparisonReport, TrailReport } from '../../exporters/audit-trail/inspect/report.js';
import type { SealView } from '../../exporters/audit-trail/inspect/seal-view.js';
import { unaccountedWayOut } from '../../exporters/audit-trail/observer/verdict/unaccounted.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { type Cell, columns, counted, paint, paragraph, type Style, terminalWidth } from '../terminal.js';
import { noExporterText, type TrailState } from './state.js';

/** Narrower terminals have no room for the time of each state; the JSON has it. */
const WIDE = 100;

const stateStyles: Readonly<Record<TableStatus['state'], Style>> = {
  ok: 'green',
  explained: 'green',
  suspect: 'yellow',
  unknown: 'yellow',
  confirmed: 'red',
};

/** For people; the JSON holds more. */
export function reportLines(report: TrailReport, state: TrailState): readonly string[] {
  const { status, seal, comparisons, objections, cannotBeSaid } = report;
  return [
    paint('bold', `${status.title} (${status.trail} of ${status.portal})`),
    ...paragraph(observation(report, state), 2),
    '',
    ...summary(report),
    '',
    ...tables(status.tables),
    '',
    ...evidence(report),
    ...unaccounted(report),
    ...orphaned(report),
    ...(objections.length === 0 ? [] : ['', paint('red', 'Wrong with the records'), ...list(objections)]),
    ...(seal === undefined ? [] : ['', ...sealLines(seal)]),
    ...(comparisons.length === 0 ? [] : ['', ...comparisonLines(comparisons)]),
    '',
    paint('bold', 'Nobody can say'),
    ...list(cannotBeSaid),
  ];
}

function unaccounted({ status }: TrailReport): readonly string[] {
  if (status.unaccounted.length === 0) return [];
  const texts = status.unaccounted.map(({ sentence }) => sentence);
  return ['', paint('yellow', 'Changes that nothing accounts for'), ...list([...texts, unaccountedWayOut])];
}

function orphaned({ orphans }: TrailReport): readonly string[] {
  if (orphans.length === 0) return [];
  const texts = orphans.map((orphan) => `${orphanText(orphan)}: ${orphanFix(orphan.trail)}`);
  return ['', paint('red', 'Trails that are not described any more'), ...list(texts)];
}

function list(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => paragraph(text, 4, '  - '));
}

function observation({ status, observedUntil, isWatched }: TrailReport, state: TrailState): string {
  if (observedUntil === undefined) {
    return `Nothing is proven yet: ${nothingKeptText(status.trail, state)}.`;
  }
  const since = status.epoch === undefined ? '' : `, counters compared since ${moment(status.epoch.since)}`;
  const read = status.recordsReadAt === undefined ? '' : `, records read to the end at ${moment(status.recordsReadAt)}`;
  const ended = isWatched ? '' : ' Nobody has polled since: what is below was so then.';
  return `Watched until ${moment(observedUntil)}${since}${read}.${ended} Its state is in ${state.place}.`;
}

function nothingKeptText(trail: string, state: TrailState): string {
  if (state.exporter === undefined)
    return `${noExporterText(trail, state)}. To watch it, run ${kopCall()} exporters audit-trail`;
  return `the exporter (process ${state.exporter.pid}) has just begun, and keeps its state in ${state.place}`;
}

function summary({ status }: TrailReport): readonly string[] {
  const { tablesInScope, tablesCovered } = status;
  const proven = status.tables.filter(({ state }) => state === 'ok' || state === 'explained').length;
  const broken = status.tables.filter(({ state }) => state === 'confirmed').length;
  const open = tablesInScope - proven - broken;
  const all = (count: number): Style => (count === tablesInScope && count > 0 ? 'green' : 'red');
  const line = (word: string, count: number, style: Style | undefined, meaning: string) =>
    `  ${paint(style, `${word}  ${`${count} of ${tablesInScope}`.padStart(`${tablesInScope} of ${tablesInScope}`.length)}`)}  ${meaning}`;
  return [
    line('Covered', tablesCovered, all(tablesCovered), 'tables in which every required operation is recorded'),
    line('Proven ', proven, all(proven), 'tables of which every change is in the records'),
    line('Broken ', broken, broken > 0 ? 'red' : undefined, 'tables with a fault that is proven'),
    line('Unknown', open, open > 0 ? 'yellow' : undefined, 'tables of which neither can be said: that is not fine'),
  ];
}

function tables(found: readonly TableStatus[]): readonly string[] {
  if (found.length === 0) return ['  No table is in scope.'];
  const isWide = terminalWidth() >= WIDE;
  const since = (cell: Cell) => (isWide ? [cell] : []);
  const rows = found.map((table): Cell[] => [
    { text: table.table },
    { text: table.state, style: stateStyles[table.state] },
    { text: `${Math.round(table.coverageRatio * 100)} %`, style: table.coverageRatio === 1 ? 'green' : 'red' },
    ...since({ text: table.since === undefined ? '-' : moment(table.since) }),
    { text: [...(table.state === 'ok' && !isWide ? [] : [table.reason]), ...gaps(table)].join('; ') },
  ]);
  const sinceHead = since({ text: 'SINCE' }).map(({ text }) => text);
  return columns(['TABLE', 'STATE', 'COVERED', ...sinceHead, 'WHY'], rows);
}

/** Where nothing at all is recorded, the coverage says it. */
function gaps({ problems, coverageRatio }: TableStatus): readonly string[] {
  if (coverageRatio === 0 || problems.length === 0) return [];
  return [problems[0] ?? '', ...(problems.length > 1 ? [`and ${problems.length - 1} more gaps`] : [])];
}

function evidence({ status }: TrailReport): readonly string[] {
  const rows = Object.entries(status.evidence).map(([source, { state, reason, remedies: fixes }]): Cell[] => [
    { text: source.replaceAll('_', ' ') },
    { text: state, style: state === 'ok' ? 'green' : 'yellow' },
    { text: [reason, ...fixes.map((fix) => `→ ${fix}`)].join(' ') },
  ]);
  return [...columns(['EVIDENCE', 'STATE', 'WHY → FIX'], rows)];
}

function sealLines({
  state,
  reason,
  checkpoint,
  disposedRecords,
  keys,
  anchors,
  directory,
}: SealView): readonly string[] {
  const made =
    checkpoint === undefined
      ? 'no checkpoint'
      : `checkpoint of ${counted(checkpoint.records, 'record')} (entry ${checkpoint.entry}) at ${moment(checkpoint.at)}`;
  const anchorStyles = { agrees: 'green', contradicts: 'red', empty: 'yellow', unknown: 'yellow' } as const;
  return [
    `${paint('bold', 'Seal')}  ${paint(state === 'sealed' ? 'green' : state === 'contradictory' ? 'red' : 'yellow', state)}: ${made}`,
    ...paragraph(`${reason}; in ${directory}`, 2),
    ...(disposedRecords === 0
      ? []
      : [`  ${counted(disposedRecords, 'record')} lawfully disposed of, by signed statement`]),
    ...keys.map((key) => `  key ${key}`),
    ...(anchors.length === 0
      ? ['  No anchor: who can write to that folder can roll the whole log back unseen.']
      : columns(
          ['ANCHOR', 'KIND', 'STATE', 'WHY'],
          anchors.map((anchor) => [
            { text: anchor.name },
            { text: anchor.kind },
            { text: anchor.state, style: anchorStyles[anchor.state] },
            { text: anchor.detail },
          ]),
        )),
  ];
}

function comparisonLines(found: readonly ComparisonReport[]): readonly string[] {
  const rows = found.map(({ name, strength, sentence, result }): Cell[] => {
    if (result.state === 'unknown') {
      const text = result.mend === undefined ? result.reason : `${result.reason} → ${result.mend}`;
      return [{ text: name }, { text: 'unknown', style: 'yellow' }, { text: strength }, { text }];
    }
    const style = result.findings === 0 ? 'green' : strength === 'proof' ? 'red' : 'yellow';
    return [
      { text: name },
      { text: `${result.findings} of ${result.checked}`, style },
      { text: strength },
      { text: sentence },
    ];
  });
  return columns(['COMPARISON', 'FOUND', 'IS A', 'WHAT A FINDING MEANS'], rows);
}

/** To the second, in UTC: people in several places compare these. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}
