import { CST, isScalar, Lexer, type Pair, type YAMLMap } from 'yaml';
import type { SyntaxMistake } from './yaml-mistake.js';

/** A key without a value in braces is valid YAML, but always a mistake here. */
export function keyAlone(map: YAMLMap, { key }: Pair): SyntaxMistake {
  const offset = (isScalar(key) ? key.range?.[0] : undefined) ?? 0;
  const written = isScalar(key) && key.type === 'PLAIN' ? String(key.value) : '';
  const glued = written.search(/:(?!\/\/)\S/);
  if (glued >= 0) return { offset: offset + glued, message: 'no blank after the colon', expected: ': and a blank' };
  if (map.items.length > 1) {
    return { offset, message: 'no colon after this key', expected: 'a key, a colon, a blank and a value' };
  }
  return {
    offset: map.range?.[0] ?? offset,
    message: 'a name in braces without quotes is a map',
    expected: "the braces in quotes, such as '{name}'",
  };
}

interface Change {
  readonly offset: number;
  /** How many braces and brackets are open from here on. */
  readonly open: number;
}

/** Where braces and brackets open and close. */
export function flowChanges(text: string): readonly Change[] {
  const changes: Change[] = [];
  let offset = 0;
  let open = 0;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    // Markers of the lexer have no text.
    if (type === 'doc-mode' || type === 'flow-error-end' || type === 'scalar') continue;
    if (type === 'flow-map-start' || type === 'flow-seq-start') changes.push({ offset, open: ++open });
    if (type === 'flow-map-end' || type === 'flow-seq-end') changes.push({ offset, open: --open });
    offset += token.length;
  }
  return changes;
}
