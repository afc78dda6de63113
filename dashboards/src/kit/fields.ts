import type { Override } from './types.js';

export interface ThresholdStep {
  /** null is the base. */
  readonly value: number | null;
  readonly color: string;
}

export function thresholds(...steps: readonly ThresholdStep[]) {
  return { mode: 'absolute', steps };
}

/** Told apart in shape of word as well as colour, and safe for red-green blindness by their brightness. */
export const colours = {
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  unknown: 'purple',
  neutral: 'blue',
} as const;

export interface ValueText {
  readonly value: number;
  readonly text: string;
  readonly color: string;
}

/** Numbers shown as coloured words, and nothing shown as the word given. */
export function words(values: readonly ValueText[], nothing: string) {
  return [
    {
      type: 'value',
      options: Object.fromEntries(values.map(({ value, text, color }, index) => [value, { text, color, index }])),
    },
    { type: 'special', options: { match: 'null+nan', result: { text: nothing, color: colours.unknown, index: 99 } } },
  ];
}

export function field(name: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id: 'byName', options: name },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  };
}

export function fieldsLike(pattern: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id: 'byRegexp', options: `/${pattern}/` },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  };
}

/** A line at zero beneath bars: there was looking, and nothing was found. */
export function baseline(name: string): Override {
  return field(name, {
    color: { mode: 'fixed', fixedColor: 'text' },
    'custom.drawStyle': 'line',
    'custom.lineWidth': 1,
    'custom.fillOpacity': 0,
  });
}

/** Series of faults in shades of one colour, so that none of them takes the green of the palette. */
export function shades(pattern: string, color: string): Override {
  return fieldsLike(pattern, { color: { mode: 'shades', fixedColor: color } });
}

export function fixed(name: string, color: string): Override {
  return field(name, { color: { mode: 'fixed', fixedColor: color } });
}
