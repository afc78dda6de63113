import { stringify } from 'lossless-json';

/** A number that JavaScript would change: it is kept and sent with the digits that were written. */
export class WrittenNumber {
  readonly #digits: string;

  /** @param digits as JSON writes a number, see {@link isJsonNumber}. */
  constructor(digits: string) {
    this.#digits = digits;
  }

  get digits(): string {
    return this.#digits;
  }

  /** For messages. {@link jsonText} makes the text that is sent. */
  toJSON(): string {
    return this.#digits;
  }
}

/** RFC 8259, 6: no zeros and no sign before it. */
export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[-+]?\d+)?$/i.test(text);
}

/** Whether a number has the digits that were written; `1.10` and `1e3` are only other spellings of 1.1 and 1000. */
export function isKept(written: string, value: number): boolean {
  if (/^0[xo]/.test(written)) return BigInt(written) === BigInt(value);
  if (/^[-+]?0\d/.test(written)) return false;
  return significant(written) === significant(String(value));
}

/** Digits without the zeros around them, and the power of ten of the last: one text for each decimal number. */
function significant(decimal: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([-+]?)(\d*)\.?(\d*)(?:e([-+]?\d+))?$/i.exec(decimal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  return `${sign === '-' ? '-' : ''}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
}

/** JSON in which every {@link WrittenNumber} stands as a number. */
export function jsonText(value: unknown): string {
  return stringify(value, undefined, undefined, [{ test: isWritten, stringify: digitsOf }]) ?? '';
}

function isWritten(value: unknown): value is WrittenNumber {
  return value instanceof WrittenNumber;
}

function digitsOf(value: unknown): string {
  return isWritten(value) ? value.digits : '';
}
