import type { Portal } from './model.js';
import { applyPathStyle } from './paths.js';

type Home = Pick<Portal, 'baseUrl' | 'pathStyle' | 'pathStyleExceptions'>;

/**
 * Whether two addresses are one page: the same host, and the same path after normalising. A trailing slash, doubled
 * slashes, percent-encoding, the query, the scheme and the port do not matter: a server that redirects http to https,
 * or adds a slash, still answers the requested page.
 *
 * @example
 * isSamePage(new URL('http://portal/look'), new URL('https://portal/look/?from=a')) // true
 * isSamePage(new URL('http://portal/look'), new URL('http://portal/login')) // false
 */
export function isSamePage(a: URL, b: URL): boolean {
  const [segments, others] = [segmentsOf(a.pathname), segmentsOf(b.pathname)];
  return (
    a.hostname === b.hostname &&
    segments.length === others.length &&
    segments.every((segment, index) => segment === others[index])
  );
}

/**
 * The first pattern that an address fits, or undefined. A pattern is a path of the portal, in either path style, or a
 * whole address; `*` stands for any characters of one segment, a last segment `**` for everything below.
 *
 * @example
 * pageIn(new URL('http://portal/login/?next=1'), ['/login'], portal) // '/login'
 * pageIn(new URL('https://id.example.com/realms/staff/auth'), ['https://id.example.com/**'], portal)
 */
export function pageIn(url: URL, patterns: readonly string[], portal: Home): string | undefined {
  return patterns.find((pattern) => {
    const isPath = pattern.startsWith('/');
    const home = new URL(isPath ? portal.baseUrl : pattern);
    if (isPath ? url.hostname !== home.hostname : url.origin !== home.origin) return false;
    const path = isPath ? pattern : pattern.slice(pattern.indexOf('/', pattern.indexOf('//') + 2));
    return [path, applyPathStyle(path, portal)].some((spelled) => fits(segmentsOf(url.pathname), segmentsOf(spelled)));
  });
}

function fits(segments: readonly string[], pattern: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '**';
  const parts = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? segments.length < parts.length : segments.length !== parts.length) return false;
  return parts.every((part, index) => matches(segments[index] ?? '', part));
}

/** Without a regular expression: the text comes from the portal, and matching it must not take long. */
function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
