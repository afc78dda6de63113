const MOST = 10_000;

/** A judge of names that judges each once: an answer of thousands of rows asks the same for each row. */
export function remembering(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    // In a table by key each name is new.
    if (known.size >= MOST) known.clear();
    const answer = judge(name);
    known.set(name, answer);
    return answer;
  };
}
