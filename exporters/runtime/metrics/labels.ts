/** Exactly the labels that a declaration names; `{}` for a metric without labels. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** Escaping of label values is the same in the text format and in OpenMetrics. */
export function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)) : value;
}

/** The text of the labels between the braces, in the order of the declaration. */
export function labelText<L extends string>(names: readonly L[], labels: Labels<L>): string {
  let text = '';
  for (const name of names) {
    text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(String(labels[name]))}"`;
  }
  return text;
}

/**
 * Identity of a label set. Each value is preceded by its length, so that two different sets never share a key, whatever
 * characters the values contain.
 */
export function labelKey<L extends string>(names: readonly L[], labels: Labels<L>): string {
  let key = '';
  for (const name of names) {
    const value = String(labels[name]);
    key += `${value.length}:${value}`;
  }
  return key;
}
