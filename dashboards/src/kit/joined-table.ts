import { colours, field, words } from './fields.js';
import { tablePanel } from './panels.js';
import type { Panel, QueryTarget } from './types.js';

export interface JoinedColumn {
  readonly title: string;
  /** Has the labels of the key. */
  readonly expr: string;
  /** What a row without a value says; nothing known must never look like something good. */
  readonly nothing?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

interface JoinedTable {
  readonly title: string;
  readonly description: string;
  /** Said in a row of its own where there is nothing to show: a table without rows would be silence. */
  readonly nobody: string;
  /** One series for each row. */
  readonly identity: string;
  /** Labels that tell one row from another; columns have just these. */
  readonly key: readonly string[];
  /** Labels of the identity in their order, with their titles; `hidden` ones are there for links only. */
  readonly labels: Readonly<
    Record<string, { readonly title: string; readonly properties?: Readonly<Record<string, unknown>> }>
  >;
  /** Labels that come before the values, the first of them in the row for nobody; the others come after. */
  readonly leading: readonly [string, ...string[]];
  readonly columns: readonly JoinedColumn[];
  readonly sortBy?: { readonly displayName: string; readonly desc: boolean };
}

/** A row for each thing, a column for each query about it. */
export function joinedTable(spec: JoinedTable): Panel {
  const { labels, leading, columns } = spec;
  const names = Object.keys(labels);
  const trailing = names.filter((name) => !leading.includes(name));
  const values = columns.map((_column, index) => valueField(index));
  return tablePanel({
    title: spec.title,
    description: spec.description,
    unit: 'none',
    noValue: spec.nobody,
    targets: [cells(someone(spec)), ...columns.map((column) => cells(filled(column, spec)))],
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, 'Value #A': true },
          indexByName: Object.fromEntries([...leading, ...values, ...trailing].map((name, index) => [name, index])),
          renameByName: Object.fromEntries([
            ...names.map((name) => [name, labels[name]?.title ?? name]),
            ...columns.map(({ title }, index) => [valueField(index), title]),
          ]),
        },
      },
    ],
    ...(spec.sortBy === undefined ? {} : { sortBy: spec.sortBy }),
    overrides: [
      ...columns.map(({ title, nothing, properties = {} }) =>
        field(title, {
          ...(nothing === undefined ? {} : { mappings: words([], nothing), noValue: nothing }),
          ...properties,
        }),
      ),
      ...names.flatMap((name) => {
        const { title, properties } = labels[name] ?? { title: name };
        return properties === undefined ? [] : [field(title, properties)];
      }),
    ],
  });
}

function someone({ identity, leading, nobody }: JoinedTable): string {
  return `${identity} or on () ${nobodyRow('0', leading[0], nobody)}`;
}

function nobodyRow(value: string, label: string, nobody: string): string {
  return `label_replace(vector(${value}), "${label}", "${nobody}", "", "")`;
}

/**
 * Where no row has a value, Grafana leaves the column out; a value that is none keeps it. It has the labels of the key
 * and no other, because rows are merged by all labels that any of them has.
 */
function filled({ expr, nothing }: JoinedColumn, { key, identity, leading, nobody }: JoinedTable): string {
  if (nothing === undefined) return expr;
  const by = key.join(', ');
  return `${expr} or on (${by}) NaN * max by (${by}) (${identity}) or on () ${nobodyRow('NaN', leading[0], nobody)}`;
}

function cells(expr: string): QueryTarget {
  return { expr, legendFormat: '', instant: true, format: 'table' };
}

/** `Value #B` and on: A is the identity. */
function valueField(index: number): string {
  return `Value #${String.fromCharCode('B'.charCodeAt(0) + index)}`;
}

export const colouredCell = { type: 'color-background', mode: 'basic', applyToRow: false } as const;

/** A count of faults: 0 in the colour of text, anything else in the colour given. */
export function faults(color: string, nothing: string): Readonly<Record<string, unknown>> {
  return {
    unit: 'short',
    decimals: 0,
    mappings: words([{ value: 0, text: '0', color: 'text' }], nothing),
    noValue: nothing,
    thresholds: {
      mode: 'absolute',
      steps: [
        { value: null, color: colours.unknown },
        { value: 0, color: 'text' },
        { value: 0.5, color },
      ],
    },
    'custom.cellOptions': { type: 'color-text' },
  };
}

/** A share drawn as a bar; an empty cell takes the base, which is the colour of the unknown. */
export function share(good: number, warning: number): Readonly<Record<string, unknown>> {
  return {
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    thresholds: {
      mode: 'absolute',
      steps: [
        { value: null, color: colours.unknown },
        { value: 0, color: colours.bad },
        { value: warning, color: colours.warning },
        { value: good, color: colours.good },
      ],
    },
    'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
  };
}

/** A time as its age. */
export function age(nothing: string, width = 150): Readonly<Record<string, unknown>> {
  return { unit: 'dateTimeFromNow', mappings: words([], nothing), noValue: nothing, 'custom.width': width };
}
