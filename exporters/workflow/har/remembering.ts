const MOST = 10_000;

/** Caches a decision per name: an answer with thousands of rows has the same names in each row. */
export function remembering(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    // In a map by id each name is new.
    if (known.size >= MOST) known.clear();
    const answer = judge(name);
    known.set(name, answer);
    return answer;
  };
}
