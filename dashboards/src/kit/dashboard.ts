import type { Dashboard, Panel, PlacedPanel, QueryTarget, Variable } from './types.js';
import { datasource, prometheusSource } from './variables.js';

export interface DashboardRow {
  readonly title: string;
  readonly collapsed?: boolean;
  /** Lines of panels: each line's widths add up to 24, and its panels share a height. */
  readonly lines: readonly PanelLine[];
}

export interface PanelLine {
  readonly height: number;
  readonly panels: readonly (readonly [width: number, panel: Panel])[];
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly DashboardRow[];
}

export const packTag = 'kop';

/** One file that is valid for import and for provisioning: a data source variable, and no `__inputs`. */
export function dashboard(spec: DashboardSpec): Dashboard {
  return {
    uid: spec.uid,
    title: spec.title,
    description: `${spec.description} Generated, do not edit: made by \`kop build\` from pack.yaml.`,
    tags: [packTag],
    // What Grafana 11 writes; newer ones migrate it, and older ones need not read a newer number.
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '1m',
    time: { from: spec.from, to: 'now' },
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Observability pack',
        tags: [packTag],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
        url: '',
      },
    ],
    templating: { list: [datasource, ...spec.variables] },
    panels: placed(spec.rows),
  };
}

/** Ids count up in reading order, so that the same description always gives the same file. */
function placed(rows: readonly DashboardRow[]): readonly PlacedPanel[] {
  let id = 0;
  let y = 0;
  const panels: PlacedPanel[] = [];
  for (const row of rows) {
    const inside: PlacedPanel[] = [];
    id += 1;
    const head = { id, type: 'row', title: row.title, gridPos: { h: 1, w: 24, x: 0, y } };
    y += 1;
    for (const line of row.lines) {
      let x = 0;
      for (const [w, panel] of line.panels) {
        id += 1;
        inside.push(placedPanel(panel, id, { h: line.height, w, x, y }));
        x += w;
      }
      y += line.height;
    }
    if (row.collapsed === true) panels.push({ ...head, collapsed: true, panels: inside });
    else panels.push({ ...head, collapsed: false, panels: [] }, ...inside);
  }
  return panels;
}

function placedPanel(panel: Panel, id: number, gridPos: PlacedPanel['gridPos']): PlacedPanel {
  const { type, title, description, targets, fieldConfig, options, transformations, interval = '1m' } = panel;
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: prometheusSource,
    // Four samples at a scrape interval of 15 s; without it an imported dashboard would guess, and rates come out empty.
    interval,
    targets: targets.map(placedTarget),
    fieldConfig,
    options,
    ...(transformations === undefined ? {} : { transformations }),
  };
}

function placedTarget(target: QueryTarget, index: number) {
  const { expr, legendFormat, instant = false, format = 'time_series' } = target;
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: prometheusSource,
    editorMode: 'code',
    expr,
    legendFormat,
    instant,
    range: !instant,
    format,
  };
}
