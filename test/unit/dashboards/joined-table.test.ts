import { expect, it } from 'vitest';
import { joinedTable, share } from '../../../dashboards/src/kit/joined-table.js';

const panel = joinedTable({
  title: 'Boats',
  description: 'Every boat.',
  nobody: 'No boat is afloat',
  identity: 'max by (boat, name) (afloat)',
  key: ['boat'],
  labels: { name: { title: 'Name' }, boat: { title: 'Number' } },
  leading: ['name'],
  columns: [
    { title: 'Speed', expr: 'max by (boat) (speed)', nothing: 'Adrift' },
    { title: 'Crew', expr: 'max by (boat) (crew)' },
  ],
});

it('says in a row of its own that there is nothing', () => {
  expect(panel.targets[0]?.expr).toBe(
    'max by (boat, name) (afloat) or on () label_replace(vector(0), "name", "No boat is afloat", "", "")',
  );
});

it('keeps a column that has no value in any row, with words for it', () => {
  const [, speed, crew] = panel.targets.map(({ expr }) => expr);
  // Only the labels of the key, or rows with and without a value would not be merged.
  expect(speed).toBe(
    'max by (boat) (speed) or on (boat) NaN * max by (boat) (max by (boat, name) (afloat)) or on () label_replace(vector(NaN), "name", "No boat is afloat", "", "")',
  );
  expect(crew).toBe('max by (boat) (crew)');
  const said = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === 'Speed');
  expect(said?.properties).toContainEqual({ id: 'noValue', value: 'Adrift' });
});

it('puts values between the leading labels and the others', () => {
  expect(panel.transformations?.[1]).toMatchObject({
    options: { indexByName: { name: 0, 'Value #B': 1, 'Value #C': 2, boat: 3 } },
  });
});

it('never paints an unknown share in the colour of a good or a bad one', () => {
  expect(share(1, 0.5).thresholds).toMatchObject({ steps: [{ value: null, color: 'purple' }, { value: 0 }, {}, {}] });
});
