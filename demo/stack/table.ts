import type { Tool } from './tools.js';

/** One line of the table that ends the start. */
export interface TableRow {
  readonly name: string;
  readonly title: string;
  readonly address?: string;
  /** `running`, `missing`, `failed`, `left out`. */
  readonly state: string;
  /** More of it, such as a version. */
  readonly detail?: string;
  readonly isRunning: boolean;
}

const GAP = 2;

/**
 * Columns as wide as their longest cell. What does not fit beside an address stands below it: addresses are to be copied, so
 * nothing may push one over the end of a line.
 *
 * @param width of the window.
 */
export function table(rows: readonly TableRow[], width = Number.POSITIVE_INFINITY): readonly string[] {
  const head = { title: 'WHAT', address: 'ADDRESS', state: 'STATE' };
  const widest = (cells: readonly string[]) => Math.max(...cells.map((cell) => cell.length));
  const first = widest([head.title, ...rows.map(({ title }) => title)]) + GAP;
  const second = widest([head.address, ...rows.map(({ address }) => address ?? '-')]) + GAP;
  const isNarrow = GAP + first + second + widest([head.state, ...rows.map(({ state }) => state)]) > width;
  const start = (title: string, address: string) =>
    `${' '.repeat(GAP)}${title.padEnd(first)}${isNarrow ? address : address.padEnd(second)}`;
  const margin = ' '.repeat(GAP + first);
  return [head, ...rows].flatMap((row) => {
    const { title, address = '-', state } = row;
    const detail = 'detail' in row ? row.detail : undefined;
    const whole = detail === undefined ? state : `${state}, ${detail}`;
    if (isNarrow) return [start(title, address), ...(row === head ? [] : wrapped(whole, width, margin))];
    const line = start(title, address);
    if (line.length + whole.length <= width) return [`${line}${whole}`];
    return [`${line}${state}`, ...wrapped(detail ?? '', width, margin)];
  });
}

/** At spaces; a word that is longer than a line stays whole. */
function wrapped(text: string, width: number, margin: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${margin}${word}`);
  }
  return lines;
}

export function missingText(missing: readonly Tool[]): readonly string[] {
  return missing.flatMap(({ title, without, howToGet }) => [
    `${title} is not installed; without it: ${without}. To get it:`,
    ...howToGet.map((line) => `  ${line}`),
    '',
  ]);
}
