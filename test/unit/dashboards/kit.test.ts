import { describe, expect, it } from 'vitest';
import { dashboard } from '../../../dashboards/src/kit/dashboard.js';
import { words } from '../../../dashboards/src/kit/fields.js';
import { stat } from '../../../dashboards/src/kit/panels.js';
import { filledIn } from '../../../dashboards/src/kit/variables.js';

const panel = stat({
  title: 'Up',
  description: 'Whether it is up.',
  unit: 'none',
  targets: [
    { expr: 'up', legendFormat: '' },
    { expr: 'up == 0', legendFormat: '', instant: true, format: 'table' },
  ],
});

const made = dashboard({
  uid: 'kop-test',
  title: 'Test',
  description: 'A test.',
  from: 'now-1h',
  variables: [],
  rows: [
    {
      title: 'First',
      lines: [
        {
          height: 4,
          panels: [
            [8, panel],
            [16, panel],
          ],
        },
        { height: 2, panels: [[24, panel]] },
      ],
    },
    { title: 'Second', collapsed: true, lines: [{ height: 4, panels: [[24, panel]] }] },
  ],
});

describe('a dashboard', () => {
  it('flows its panels into lines and numbers them in reading order', () => {
    expect(made.panels.map(({ id, gridPos: { x, y, w } }) => [id, x, y, w])).toEqual([
      [1, 0, 0, 24],
      [2, 0, 1, 8],
      [3, 8, 1, 16],
      [4, 0, 5, 24],
      [5, 0, 7, 24],
    ]);
  });

  it('keeps the panels of a collapsed row inside it', () => {
    expect(made.panels.at(-1)).toMatchObject({ type: 'row', collapsed: true, panels: [{ id: 6 }] });
  });

  it('gives every target a letter and the data source of the variable', () => {
    const uid = filledIn('datasource');
    expect(made.panels[1]).toMatchObject({
      datasource: { type: 'prometheus', uid },
      targets: [
        { refId: 'A', datasource: { uid }, instant: false, range: true, format: 'time_series' },
        { refId: 'B', datasource: { uid }, instant: true, range: false, format: 'table' },
      ],
    });
  });
});

it('never paints nothing in the colour of something', () => {
  expect(panel.fieldConfig.defaults.mappings).toEqual(words([], 'No data'));
  expect(words([], 'No data').at(-1)).toMatchObject({ options: { match: 'null+nan', result: { color: 'purple' } } });
});
