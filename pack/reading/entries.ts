/** What is made of each entry of a map, in its order. */
export function entriesOf<In, Out>(
  section: Readonly<Record<string, In>>,
  make: (name: string, value: In) => Out,
): Out[] {
  return Object.entries(section).map(([name, value]) => make(name, value));
}

/** A map with the same keys. */
export function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  make: (key: string, value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(key, value)]));
}
