import { parse } from 'lossless-json';
import { parseBoundedJson } from '../../runtime/portal/json-size.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';

/** JavaScript may change a number with this many digits, or with such an exponent. */
const longNumber = /\d[\d.]{15}|\d[eE]\+?\d{3}/;

/**
 * Numbers of a JSON text as they were written. JavaScript's have 53 bits: `9007199254740993` becomes
 * `9007199254740992`, which is another client's number.
 */
export class Digits {
  readonly #text: string;
  #tree: { readonly value: unknown } | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * @param location keys and indexes from the root.
   * @returns undefined if there is no number.
   * @throws {StepFailure} `size` when the values of the text do not fit into memory a second time.
   */
  at(location: readonly (string | number)[]): string | undefined {
    this.#tree ??= { value: longNumber.test(this.#text) ? written(this.#text) : undefined };
    let value = this.#tree.value;
    for (const key of location) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = Reflect.get(value, key);
    }
    return value instanceof Written ? value.digits : undefined;
  }
}

class Written {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/** The text is known to be JSON. Values that are nested too deeply for this parser keep the numbers of JavaScript. */
function written(text: string): unknown {
  try {
    return parseBoundedJson(text, () =>
      parse(text, null, {
        // The digits of other numbers are never needed, so they are not stored.
        parseNumber: (digits) => (longNumber.test(digits) ? new Written(digits) : 0),
        onDuplicateKey: ({ newValue }) => newValue,
      }),
    );
  } catch (error) {
    if (error instanceof StepFailure) throw error;
    return undefined;
  }
}
