/** Small parts of OSCAL that its documents share. Its schema refuses empty lists, line breaks in values and free tokens. */
import { OSCAL_NAMESPACE, OSCAL_VERSION } from '../oscal-names.js';
import { type ControlSnapshot, cataloguesOf, filterTexts } from './snapshot.js';

export interface OscalProp {
  readonly name: string;
  readonly ns: string;
  readonly value: string;
  readonly remarks?: string;
}

export function prop(name: string, value: string, remarks?: string): OscalProp {
  return { name, ns: OSCAL_NAMESPACE, value: oneLine(value), ...(remarks !== undefined && { remarks }) };
}

/** A property for each value that is there. */
export function propsOf(values: Readonly<Record<string, string | number | undefined>>): readonly OscalProp[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [prop(name, String(value))]));
}

/** `{}` for an empty list, which OSCAL has no place for. */
export function listed<const Name extends string, Item>(
  name: Name,
  items: readonly Item[],
): { readonly [Key in Name]?: readonly Item[] } {
  if (items.length === 0) return {};
  const list: { [Key in Name]?: readonly Item[] } = {};
  list[name] = items;
  return list;
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim() || '-';
}

/** Identifiers of OSCAL are names of XML; the exact one stands in a property. */
export function oscalToken(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}.\-_]/gu, '_');
  return /^[\p{L}_]/u.test(name) ? name : `_${name}`;
}

export function metadataOf(snapshot: ControlSnapshot, title: string) {
  return {
    title,
    'last-modified': snapshot.asOf.toISOString(),
    version: snapshot.asOf.toISOString(),
    'oscal-version': OSCAL_VERSION,
    props: [
      prop('pack-version', snapshot.packVersion),
      prop('as-of', snapshot.asOf.toISOString()),
      ...filterTexts(snapshot).map((filter) => prop('filter', filter)),
      ...cataloguesOf(snapshot).map(({ name, version, sha256 }) =>
        prop('catalogue-sha256', sha256, `${name} ${version}, after the profile was applied`),
      ),
    ],
    remarks:
      'Made from checks that a program ran. They support the assessment of controls; they do not certify that a ' +
      'regulation is met.',
  };
}
