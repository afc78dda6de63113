/** Whether a name is that of a secret. Who asks decides how strict that is. */
export type IsSecret = (name: string) => boolean;

type Entries = Iterable<readonly [key: string, value: unknown]>;

export interface NamedValue {
  /** The name by which the value is judged. */
  readonly name: string;
  /** Its own key; that of its list, if it stands in one. */
  readonly key: string;
  readonly value: unknown;
  /** 1 for a member of the document itself; more for what lies deeper. */
  readonly depth: number;
}

/** Every scalar of a JSON document with the name by which it is judged. */
export function* namedValues(
  value: unknown,
  isSecret: IsSecret,
  name = '',
  key = '',
  depth = 0,
): Generator<NamedValue> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      yield* namedValues(item, isSecret, itemName(name, value, index, isSecret), key, depth + 2);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [own, inner] of entries)
      yield* namedValues(inner, isSecret, memberName(own, name, entries, isSecret), own, depth + 1);
  } else yield { name, key, value, depth };
}

/**
 * The name of a member: that of a neighbour, if it names a secret; else its own key. Everything below the name of a
 * secret is one: `{ password: { value: 'x' } }`.
 *
 * @param above the name by which the object is judged.
 */
export function memberName(
  key: string,
  above: string,
  entries: readonly (readonly [string, unknown])[],
  isSecret: IsSecret,
): string {
  const name = nameAmong(key, entries, isSecret, entries.length <= FEW);
  return above !== '' && !isSecret(name) && isSecret(above) ? above : name;
}

/** The name of an item: what stands before it in a pair, if that names a secret (`['password', 'x']`); else its list's. */
export function itemName(above: string, items: readonly unknown[], index: number, isSecret: IsSecret): string {
  const before = items[index - 1];
  const isSecondOfPair = index % 2 === 1 && (index === 1 || items.length % 2 === 0);
  return isSecondOfPair && isNameOfSecret(before, isSecret) ? before : above;
}

/**
 * The name that a field has for its neighbours: `{ name: 'password', value: 'x' }` is one field written as two.
 *
 * @param isAnyNaming whether the neighbour may have any key: of few fields, one names the other.
 */
export function nameAmong(key: string, siblings: Entries, isSecret: IsSecret, isAnyNaming = false): string {
  if (isOnlyNaming(key)) return key;
  let name = key;
  for (const [other, value] of siblings) {
    if (!isNameOfSecret(value, isSecret)) continue;
    // Of two names each would make a secret of the other.
    if (other === key) return key;
    if (isNaming(other) || (isAnyNaming && !isKindOfRequest(other))) name = value;
  }
  return name;
}

const FEW = 3;

function isNameOfSecret(value: unknown, isSecret: IsSecret): value is string {
  return typeof value === 'string' && /^[\p{L}\d_.$@:[\]-]{1,60}$/u.test(value) && isSecret(value);
}

/** These hold names and nothing else. */
function isOnlyNaming(key: string): boolean {
  return /^(name|field|param(eter)?|prop(erty)?|label|type|attr(ibute)?)$/i.test(key) || isLongNaming(key);
}

/** These may hold a value, too. */
function isNaming(key: string): boolean {
  return (
    isOnlyNaming(key) ||
    /^(key|id|k|n|code|var(iable)?|header|item|option|setting|element|control|input|what)$/i.test(key)
  );
}

function isLongNaming(key: string): boolean {
  return /^(field|param(eter)?|attr(ibute)?|input|item|prop(erty)?|header|var(iable)?|control|setting|option|config)[-_]?(name|key|id|type|code)$/i.test(
    key,
  );
}

/** `{ grant_type: 'password', scope: 'all' }`: what is asked for, and no name of a field. */
function isKindOfRequest(key: string): boolean {
  return /^(((grant|response|auth)[-_]?)?types?|method|action|operation([-_]?name)?|mode|flow|scopes?|view|page|sort([-_]?by)?|order([-_]?by)?)$/i.test(
    key,
  );
}
