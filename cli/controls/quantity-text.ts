/** Numbers and times as people say them. */
import type { ComparisonOperator, ControlCheck } from '../../pack/compliance/model/index.js';

type CheckUnit = ControlCheck['unit'];

const must: Readonly<Record<ComparisonOperator, string>> = {
  '==': 'exactly',
  '!=': 'other than',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
};

const opposite: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

export function boundText(operator: ComparisonOperator, limit: number, unit: CheckUnit): string {
  return `${must[operator]} ${valueText(limit, unit)}`;
}

/** What a value is that does not keep the bound. */
export function brokenBoundText(operator: ComparisonOperator, limit: number, unit: CheckUnit): string {
  return boundText(opposite[operator], limit, unit);
}

function valueText(value: number, unit: CheckUnit): string {
  if (unit === 'ratio') return `${Number((value * 100).toPrecision(12))} %`;
  if (unit === 'seconds') return timeText(value);
  return unit === 'days' ? `${value} ${value === 1 ? 'day' : 'days'}` : String(value);
}

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** In the largest unit that divides it. */
export function timeText(seconds: number): string {
  const [size, name] = units.find(([each]) => seconds >= each && seconds % each === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

export function eachText(seconds: number): string {
  return `every ${timeText(seconds).replace(/^1 /, '')}`;
}

export function monthsText(count: number): string {
  return count === 1 ? 'month' : `${count} months`;
}
