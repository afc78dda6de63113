import type { Portal } from './model.js';

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
 * The portal's pattern that forbids a path, or undefined. Patterns and paths match in either path style, with or
 * without a trailing slash, and percent-encoded or not, because servers take all of these for the same route.
 * A `{variable}` matches only what `*` would; ask again once it has a value.
 */
export function forbiddenBy(path: string, portal: Pick<Portal, 'neverProbe'>): string | undefined {
  if (portal.neverProbe.length === 0) return undefined;
  const segments = canonical(path);
  return compiled(portal.neverProbe).find(
    ({ parts }) => parts.length === segments.length && parts.every((part, index) => part.test(segments[index] ?? '')),
  )?.pattern;
}

interface Forbidden {
  readonly pattern: string;
  readonly parts: readonly RegExp[];
}

/** Asked before every request, so they are read once. */
const compiledPatterns = new WeakMap<readonly string[], readonly Forbidden[]>();

function compiled(patterns: readonly string[]): readonly Forbidden[] {
  const known = compiledPatterns.get(patterns);
  if (known !== undefined) return known;
  const made = patterns.map((pattern) => ({ pattern, parts: canonical(pattern).map(segmentPattern) }));
  compiledPatterns.set(patterns, made);
  return made;
}

function canonical(path: string): string[] {
  // Parsed as the request will be, so that `/api/x/..` and `%2e%2e` end where the server would see them.
  return new URL(`http://portal${path}`).pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => decode(segment).replaceAll('-', '_'));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function segmentPattern(pattern: string): RegExp {
  const source = pattern.split('*').map(quoteLiteral).join('.*');
  return new RegExp(`^${source}$`, 's');
}

function quoteLiteral(literal: string): string {
  return literal.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
