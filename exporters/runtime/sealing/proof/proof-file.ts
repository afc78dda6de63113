/** The document is no proof, so it shows nothing. */
export class NoProof extends Error {
  override readonly name = 'NoProof';
}

/** A proof has three levels. Beyond this many, readers of JSON differ in whether they read on. */
const MOST_LEVELS = 100;

export interface ReadProof {
  readonly document: unknown;
  /** A fault of the text that the parsed document does not show; such a document proves nothing. */
  readonly error: string | undefined;
}

/**
 * Reads a proof as it was handed over: docs/verify/check_proof.py answers the same of each file.
 *
 * @param kop which kind of proof it must be.
 * @throws {NoProof}
 */
export function readProofFile(bytes: Uint8Array, kop: string): ReadProof {
  const text = utf8(bytes);
  const document = parsed(text);
  const { levels, error } = spelling(text);
  if (levels > MOST_LEVELS) throw new NoProof(`is nested more than ${MOST_LEVELS} levels deep, so it is no proof`);
  if (typeof document !== 'object' || document === null || !('kop' in document) || document.kop !== kop) {
    throw new NoProof(`is no ${kop}`);
  }
  return { document, error };
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoProof('is not UTF-8 text, so it is no proof');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoProof('is not JSON, so it is no proof');
  }
}

/** Faults of the text that its parsed value does not show: two parsers may read two different documents. */
function spelling(text: string): { readonly levels: number; readonly error: string | undefined } {
  const open: (Set<string> | undefined)[] = [];
  let levels = 0;
  let error: string | undefined;
  let key = '';
  let before = '';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const keys = open.at(-1);
    if (token === '{' || token === '[') levels = Math.max(levels, open.push(token === '{' ? new Set() : undefined));
    else if (token === '}' || token === ']') open.pop();
    else if (token.startsWith('"')) {
      const value: string = token.includes('\\') ? JSON.parse(token) : token.slice(1, -1);
      if (/\p{Cs}/u.test(value)) error ??= 'the document holds half of a character';
      if (keys !== undefined && before !== ':') {
        if (keys.has(value)) error ??= 'the document has a key twice';
        keys.add(value);
        key = value;
      }
    } else if (open.length === 1 && key === 'index' && before === ':' && !/^-?\d+$/.test(token)) {
      error ??= 'index is not written as a whole number';
    }
    before = token;
  }
  return { levels, error };
}
