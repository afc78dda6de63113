import type { Column } from '../tables/columns.js';
import { sameInterval, sameMoney } from './spelling.js';

/** How to read a value. */
export interface Meaning {
  /** Of the column, see `Column.base`; undefined when the column is gone, and with it what its values meant. */
  readonly type: string | undefined;
  /** The column was redefined between the two images: either text may be of the type before. */
  readonly wasRedefined?: boolean;
}

/**
 * Do two texts of one column mean the same? Row images are written by sessions whose settings we do not know, and read
 * before and after changes of a column's type, so the form must not count. In a text column the form is the value: `007` is
 * not `7`.
 *
 * Each argument is jsonb in its text form: `"text"`, `12.50`, `null`, `{"a": 1}`.
 */
export function sameValue(a: string, b: string, { type, wasRedefined = false }: Meaning): boolean {
  if (a === b) return true;
  if (type === 'double precision[]') return sameFloats(a, b, 15);
  if (type === 'real[]') return sameFloats(a, b, 6);
  const left = scalarText(a);
  const right = scalarText(b);
  if (left === undefined || right === undefined) return false;
  if (left === right) return true;
  switch (type) {
    case 'double precision':
      return sameFloat(left, right, 15);
    case 'real':
      return sameFloat(left, right, 6);
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
      return sameNumber(left, right);
    case 'interval':
      return sameInterval(left, right);
    case 'money':
      return sameMoney(left, right);
    case 'timestamp with time zone':
      return sameInstant(left, right);
    default:
      return (type === undefined || wasRedefined) && sameInstant(left, right);
  }
}

/**
 * Whether a change of the column's type may have made one of the other. It rounds numbers and moves times by a zone; of other types
 * nothing can be said. That amounts became 0 is no conversion.
 */
export function mayBeConverted(a: string, b: string): boolean {
  const [left, right] = [scalarText(a), scalarText(b)];
  if (left === undefined || right === undefined) return true;
  const [one, other] = [canonicalNumber(left), canonicalNumber(right)];
  if (one !== undefined && other !== undefined) return Math.abs(Number(one) - Number(other)) < 1;
  const [before, after] = [Date.parse(left), Date.parse(right)];
  return Number.isNaN(before) || Number.isNaN(after) || Math.abs(before - after) <= WIDEST_ZONE_MS;
}

/** Whether two values of a column that was redefined between them may differ by that alone. */
export function mayDifferByDefinition(
  { isGenerated, addedAfter }: Pick<Column, 'isGenerated' | 'addedAfter'>,
  recordedIn: bigint,
  a: string,
  b: string,
): boolean {
  return isGenerated || recordedIn < addedAfter || mayBeConverted(a, b);
}

const WIDEST_ZONE_MS = 14 * 3_600_000;

/** To as many digits as `extra_float_digits = 0` keeps: a session with that writes 0.3 for 0.30000000000000004. */
function sameFloat(a: string, b: string, digits: number): boolean {
  return Number(a).toPrecision(digits) === Number(b).toPrecision(digits);
}

/** Arrays of any number of dimensions. JSON has no infinity, so that it is a text in them. */
function sameFloats(a: string, b: string, digits: number): boolean {
  const left: unknown = JSON.parse(a);
  const right: unknown = JSON.parse(b);
  return Array.isArray(left) && Array.isArray(right) && areSameFloats(left, right, digits);
}

function areSameFloats(a: readonly unknown[], b: readonly unknown[], digits: number): boolean {
  return (
    a.length === b.length &&
    a.every((left, index) => {
      const right = b[index];
      if (Array.isArray(left) && Array.isArray(right)) return areSameFloats(left, right, digits);
      return (
        left === right ||
        (typeof left === 'number' && typeof right === 'number' && sameFloat(`${left}`, `${right}`, digits))
      );
    })
  );
}

/** A number and the same number as text are the same; null, objects and arrays have no scalar text. */
function scalarText(json: string): string | undefined {
  if (json === 'null') return undefined;
  if (json.startsWith('"')) {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'string' ? parsed : undefined;
  }
  return json.startsWith('{') || json.startsWith('[') ? undefined : json;
}

/** Without going through binary floats: 10000000000000001 and 10000000000000000 are two amounts of money. */
function sameNumber(a: string, b: string): boolean {
  const left = canonicalNumber(a);
  return left !== undefined && left === canonicalNumber(b);
}

function canonicalNumber(text: string): string | undefined {
  const match = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text.trim());
  if (match === null || !/\d/.test(text)) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return digits === '0' ? '0' : `${sign}${digits}`;
}

/** `2026-03-29T01:30:00+01:00` and `2026-03-29 00:30:00+00` are one instant. Microseconds count. */
function sameInstant(a: string, b: string): boolean {
  const left = instant(a);
  return left !== undefined && left === instant(b);
}

function instant(text: string): string | undefined {
  const match = /^(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)$/.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', fraction = '', zone = ''] = match;
  const offset = /^[+-](\d\d):?(\d\d)?:?(\d\d)?$/.exec(zone);
  const seconds = offset === null ? 0 : Number(offset[1]) * 3600 + Number(offset[2] ?? 0) * 60 + Number(offset[3] ?? 0);
  const utc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(utc)) return undefined;
  return `${utc - (zone.startsWith('-') ? -seconds : seconds) * 1000}.${fraction.padEnd(6, '0')}`;
}

/** What differs, by column: the two texts. Made by `differingColumns`, so numerically equal values are not in it. */
export type ImageDifference = Readonly<Record<string, readonly [string, string]>>;

/** SQL: the columns that both images have and whose values differ, as a jsonb object of pairs of texts. */
export function differingColumns(a: string, b: string): string {
  return `(select jsonb_object_agg(x.key, jsonb_build_array(x.value::text, y.value::text))
    from jsonb_each(${a}) x join jsonb_each(${b}) y on y.key = x.key where x.value is distinct from y.value)`;
}
