import { Decimal, Instant } from '../database/values.js';

/**
 * FastAPI has two ways to print. A route with a response model goes through pydantic: decimals become strings,
 * times end in `Z`. A route without goes through its plain encoder: decimals become numbers, times end in `+00:00`.
 */
export type JsonStyle = 'model' | 'plain';

export function encode(value: unknown, style: JsonStyle): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Decimal) {
      return style === 'model' ? item.text : item.toNumber();
    }
    if (item instanceof Instant) {
      return style === 'model' ? item.text.replace('+00:00', 'Z') : item.text;
    }
    return item;
  });
}

/** Python's `datetime.utcnow().isoformat()`: microseconds and no zone at all, the third way the portal prints a time. */
export function naiveNow(): string {
  return `${new Date().toISOString().slice(0, -1)}000`;
}
