import type { Tool } from './tools.js';

/** One line of the table that ends the start. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly address?: string;
  /** `running`, `missing`, `failed`, `left out`. */
  readonly state: string;
  readonly isRunning: boolean;
}

/** Columns as wide as their longest cell. */
export function table(rows: readonly Row[]): readonly string[] {
  const cells = [
    ['WHAT', 'ADDRESS', 'STATE'],
    ...rows.map(({ title, address, state }) => [title, address ?? '-', state]),
  ];
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  const [first, second] = [width(0), width(1)];
  return cells.map(
    ([what = '', where = '', state = '']) => `  ${what.padEnd(first)}  ${where.padEnd(second)}  ${state}`,
  );
}

export function missingText(missing: readonly Tool[]): readonly string[] {
  return missing.flatMap(({ title, without, howToGet }) => [
    `${title} is not installed; without it: ${without}. To get it:`,
    ...howToGet.map((line) => `  ${line}`),
    '',
  ]);
}
