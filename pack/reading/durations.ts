const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** A duration as the configuration writes it: `90000` is `90s`, `5400000` is `90m`. */
export function durationText(milliseconds: number): string {
  const [unit, size] = units.find(([, unitSize]) => milliseconds >= unitSize && milliseconds % unitSize === 0) ?? [
    's',
    1000,
  ];
  return milliseconds < 1000 ? `${milliseconds}ms` : `${milliseconds / size}${unit}`;
}
