/** Numbers as texts, compared without losing digits: amounts of money and 64-bit counts are longer than JavaScript's numbers. */

const form = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i;

interface Scaled {
  readonly digits: bigint;
  /** The value is `digits / 10^scale`. */
  readonly scale: number;
}

export function isDecimal(text: string): boolean {
  return form.test(text);
}

/** @throws {TypeError} for what is no number. */
export function compareDecimals(left: string, right: string): -1 | 0 | 1 {
  const [a, b] = [scaled(left), scaled(right)];
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [at(a, scale), at(b, scale)];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

/** `0.1` as it is written, without an exponent where that is short. */
export function decimalOf(value: number): string | undefined {
  return Number.isFinite(value) ? String(Object.is(value, -0) ? 0 : value) : undefined;
}

function scaled(text: string): Scaled {
  const found = form.exec(text);
  if (found === null) throw new TypeError(`${JSON.stringify(text)} is no number`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  return { digits: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`), scale: fraction.length - Number(exponent) };
}

function at({ digits, scale }: Scaled, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
