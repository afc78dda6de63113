/** One figure with its peer or limit, measured in the same run. */
export interface Figure {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  readonly limit: string;
  readonly holds: boolean;
}

/** Prints the figures as a table and says whether every limit holds. */
export function report(title: string, figures: readonly Figure[]): void {
  const head = ['', 'ours', 'peer', 'limit', ''];
  const rows = figures.map((figure) => [
    figure.what,
    figure.ours,
    figure.peer,
    figure.limit,
    figure.holds ? 'holds' : 'MISSED',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  console.log(`\n${title}\n`);
  for (const row of [head, ...rows]) console.log(`  ${line(row)}`);
  if (figures.some((figure) => !figure.holds)) process.exitCode = 1;
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}
