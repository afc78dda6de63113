import type { Portal } from './model.js';
import { patternSegments, readingsOf } from './path-readings.js';

type Style = Pick<Portal, 'pathStyle' | 'pathStyleExceptions'>;

/**
 * The path as the portal spells it. Steps are written with underscores; under `kebab` the underscores of literal
 * text become hyphens, except in the portal's exceptions and inside `{variables}`.
 *
 * @example
 * applyPathStyle('/api/client_groups/{group_id}/legal_documents', portal); // kebab, exception legal_documents
 * // '/api/client-groups/{group_id}/legal_documents'
 */
export function applyPathStyle(path: string, portal: Style): string {
  if (portal.pathStyle === 'underscore') {
    return path;
  }
  return path
    .split('/')
    .map((segment) => (portal.pathStyleExceptions.includes(segment) ? segment : hyphenate(segment)))
    .join('/');
}

function hyphenate(segment: string): string {
  return segment
    .split(/(\{[^}]*\})/)
    .map((piece) => (piece.startsWith('{') ? piece : piece.replaceAll('_', '-')))
    .join('');
}

/**
 * The portal's pattern that forbids a path, or undefined. A path is compared in every way in which a server may read
 * it (see {@link readingsOf}), and in either path style. A `{variable}` matches only what `*` would; check again once
 * the variable has a value.
 */
export function forbiddenBy(path: string, portal: Pick<Portal, 'neverProbe'>): string | undefined {
  if (portal.neverProbe.length === 0) return undefined;
  const readings = readingsOf(path);
  return compiled(portal.neverProbe).find(({ parts }) => readings.some((segments) => matches(parts, segments)))
    ?.pattern;
}

interface Forbidden {
  readonly pattern: string;
  /** For each segment, the literal texts between its `*`. */
  readonly parts: readonly (readonly string[])[];
}

function matches(parts: Forbidden['parts'], segments: readonly string[]): boolean {
  return parts.length === segments.length && parts.every((part, index) => matchesSegment(part, segments[index] ?? ''));
}

/** Matches each text at its first occurrence: linear, because the portal chooses the target of a redirect. */
function matchesSegment([first = '', ...others]: readonly string[], segment: string): boolean {
  const last = others.pop();
  if (last === undefined) return segment === first;
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
  let at = first.length;
  for (const text of others) {
    const found = segment.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return at <= segment.length - last.length;
}

/** Needed before every request, so they are parsed once. */
const compiledPatterns = new WeakMap<readonly string[], readonly Forbidden[]>();

function compiled(patterns: readonly string[]): readonly Forbidden[] {
  const known = compiledPatterns.get(patterns);
  if (known !== undefined) return known;
  const made = patterns.map((pattern) => ({
    pattern,
    parts: patternSegments(pattern).map((segment) => segment.split('*')),
  }));
  compiledPatterns.set(patterns, made);
  return made;
}
