import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** For a file or another program, which have no width. */
const WIDTH_ELSEWHERE = 120;
const NARROWEST = 60;
const GAP = '  ';
const LEAST_LEFT = 30;

export function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(NARROWEST, process.stdout.columns) : WIDTH_ELSEWHERE;
}

/** styleText itself leaves colours out where the stream is no terminal, and where NO_COLOR is set. */
export function paint(style: Style | undefined, text: string): string {
  return style === undefined ? text : styleText(style, text, { stream: process.stdout });
}

/** At spaces; a word that is longer than a line is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((each) => pieces(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Every line of it indented, the first one by `first`. */
export function paragraph(text: string, indent: number, first: string = ' '.repeat(indent)): readonly string[] {
  return wrap(text, terminalWidth() - indent).map((line, at) => `${at === 0 ? first : ' '.repeat(indent)}${line}`);
}

/**
 * Columns as wide as their longest cell; the last one gets what is left, and wraps. Where little is left, it goes below
 * its line.
 */
export function columns(head: readonly string[], rows: readonly (readonly Cell[])[], indent = 2): readonly string[] {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.text.length ?? 0)));
  const fixed = widths.slice(0, -1);
  const before = indent + fixed.reduce((sum, width) => sum + width + GAP.length, 0);
  const left = terminalWidth() - before;
  const isBelow = left < Math.min(LEAST_LEFT, widths.at(-1) ?? 0);
  const margin = ' '.repeat(isBelow ? indent + 2 * GAP.length : before);
  return [head.map((text): Cell => ({ text, style: 'dim' })), ...rows].flatMap((cells) => {
    const last = cells.at(-1) ?? { text: '' };
    const start = fixed.map((width, at) => {
      const { text, style } = cells[at] ?? { text: '' };
      return `${paint(style, text)}${' '.repeat(width - text.length)}`;
    });
    const line = `${' '.repeat(indent)}${start.join(GAP)}`;
    const texts = wrap(last.text, terminalWidth() - margin.length).map((text) => paint(last.style, text));
    if (isBelow) return [line.trimEnd(), ...texts.filter((text) => text !== '').map((text) => `${margin}${text}`)];
    const [first = '', ...others] = texts;
    return [`${line}${fixed.length > 0 ? GAP : ''}${first}`.trimEnd(), ...others.map((text) => `${margin}${text}`)];
  });
}

function pieces(word: string, width: number): readonly string[] {
  return word.length <= width ? [word] : (word.match(new RegExp(`.{1,${width}}`, 'gu')) ?? []);
}

export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
