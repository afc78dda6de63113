/**
 * A template tag for PromQL over several lines: takes the common indentation away and indents an interpolated
 * expression to the column where it stands, so that generated rules read as if written by hand.
 */
export function promql(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  let text = strings[0] ?? '';
  values.forEach((value, index) => {
    const column = text.length - (text.lastIndexOf('\n') + 1);
    const own = text.slice(text.length - column);
    const pad = own.trim() === '' ? own : ' '.repeat(own.length - own.trimStart().length);
    text += String(value).replaceAll('\n', `\n${pad}`) + (strings[index + 1] ?? '');
  });
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const common = Math.min(...indents);
  return lines.map((line) => line.slice(common)).join('\n');
}

/** A number as a person writes it: `0.1 + 0.2` becomes `0.3`. */
export function plainNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/**
 * A count read as "at least n". `increase()` extrapolates, so that three events may read as 2.9 or 3.2.
 */
export function atLeast(n: number): string {
  return `> ${plainNumber(n - 0.5)}`;
}

/**
 * How many events a counter saw in a range, above none. Rounded, because `increase()` extrapolates, and nobody understands
 * 1.017 forged records.
 */
export function events(by: string, increases: string): string {
  return `round(sum ${by} (${increases})) > 0`;
}
