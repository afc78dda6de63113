import type { Variable } from './types.js';

/** A reference that Grafana fills in, such as `${datasource}`. */
export function filledIn(name: string): string {
  return `\${${name}}`;
}

/** The only data source reference in any dashboard. */
export const prometheusSource = { type: 'prometheus', uid: filledIn('datasource') } as const;

export const datasource: Variable = {
  name: 'datasource',
  type: 'datasource',
  label: 'Data source',
  query: 'prometheus',
  current: {},
  hide: 0,
  includeAll: false,
  multi: false,
  options: [],
  refresh: 1,
  regex: '',
};

/** Choices from the values of a label; `query` is what `label_values` takes. */
export function labelVariable(name: string, label: string, query: string): Variable {
  const text = `label_values(${query})`;
  return {
    name,
    type: 'query',
    label,
    datasource: prometheusSource,
    definition: text,
    query: { query: text, refId: 'StandardVariableQuery' },
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    // On a change of the time range, as a workflow may have existed only then.
    refresh: 2,
    regex: '',
    sort: 1,
  };
}
