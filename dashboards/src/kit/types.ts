/** Classic dashboard JSON, as far as it is used here. Keys are those of Grafana. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly version: number;
  readonly editable: boolean;
  readonly graphTooltip: number;
  readonly timezone: string;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly annotations: { readonly list: readonly object[] };
  readonly links: readonly object[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly PlacedPanel[];
}

export interface Variable {
  readonly name: string;
  readonly type: 'datasource' | 'query';
  readonly label: string;
  readonly [key: string]: unknown;
}

export interface QueryTarget {
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
  readonly format?: 'table' | 'heatmap' | 'time_series';
}

export type Options = Readonly<Record<string, unknown>>;

/** What a panel is; where it stands and its number come later. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly targets: readonly QueryTarget[];
  readonly fieldConfig: FieldConfig;
  readonly options: Options;
  readonly transformations?: readonly object[];
  readonly interval?: string;
}

export interface FieldConfig {
  readonly defaults: Options;
  readonly overrides: readonly Override[];
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface PlacedPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly [key: string]: unknown;
}
