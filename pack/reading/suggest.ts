import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant, or undefined when none is near. */
export function suggest(written: string, known: readonly string[]): string | undefined {
  const candidates = known.filter((word) => word !== written);
  if (candidates.length === 0) {
    return undefined;
  }
  const plain = new Map(candidates.map((word) => [word.toLowerCase(), word]));
  const nearest = closest(written.toLowerCase(), [...plain.keys()]);
  return isNear(written.toLowerCase(), nearest) ? plain.get(nearest) : undefined;
}

/** One typing error in a short word, up to two fifths of a long one. Swapped letters count as one error. */
function isNear(written: string, known: string): boolean {
  const allowed = Math.max(1, Math.floor(0.4 * Math.max(written.length, known.length)));
  const slips = distance(written, known);
  return slips <= allowed || (slips === 2 && letters(written) === letters(known));
}

function letters(word: string): string {
  return [...word].sort().join('');
}
