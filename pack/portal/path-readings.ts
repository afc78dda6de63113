/** Decoding an escape may yield another one: `%252F`, `%2F`, `/`. No legitimate path is escaped more often. */
const MAX_LEVELS = 4;

/**
 * The routes that servers and the proxies before them may read from one path, as segments in lower case with
 * underscores. They differ in how often they decode escapes, whether `\` and `//` are a `/`, whether `..` goes up,
 * whether `;…` and a format such as `.json` belong to the segment, and whether case matters. FastAPI, for example,
 * decodes escapes before it selects the route, so that `/a%2Fb` is `/a/b`.
 */
export function readingsOf(path: string): readonly (readonly string[])[] {
  const readings = new Map<string, readonly string[]>();
  const add = (segments: readonly string[]) => readings.set(segments.join('\0'), segments);
  for (const text of levelsOf(asSent(path))) {
    // Invalid UTF-8, such as %C0%AF, was a slash to old servers.
    for (const whole of new Set([text, text.replace(/[?#].*$/s, ''), text.replaceAll(/\uFFFD+/g, '/')])) {
      const split = resolved(whole.split(/[/\\]/));
      for (const segments of [split, split.map(withoutParameters)]) {
        const plain = resolved(segments.map(canonicalSegment));
        add(plain);
        add(withoutFormat(plain));
      }
    }
  }
  return [...readings.values()];
}

/** The segments of a pattern that forbids a path, spelled as {@link readingsOf} spells them. */
export function patternSegments(pattern: string): readonly string[] {
  return resolved(asSent(pattern).split('/').map(canonicalSegment));
}

/**
 * What in a path may select another route than the one that is written: an encoded slash, a segment that goes up, or a
 * character at which some servers cut the path. Undefined when there is none.
 *
 * @example hiddenIn('/api/admin%2Fwipe') // { what: 'an encoded slash', isSlash: true }
 */
export function hiddenIn(path: string): { readonly what: string; readonly isSlash: boolean } | undefined {
  const segments = path.split('/').map((segment) => ({ segment, levels: levelsOf(segment) }));
  for (const { segment, levels } of segments) {
    const all = levels.flatMap((level) => level.split(/[/\\]/)).map((part) => withoutParameters(part).trim());
    if (all.some((part) => part === '.' || part === '..')) return { what: `a dot segment`, isSlash: false };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must find them
    if (levels.some((level) => /[\0-\x1f\x7f]/.test(level))) return { what: 'a control character', isSlash: false };
    if (levels.some((level) => level.includes('\uFFFD')) && !segment.includes('\uFFFD'))
      return { what: 'an escape that is no UTF-8', isSlash: false };
  }
  const isSlash = segments.some(({ levels }) => levels.some((level) => /[/\\]/.test(level)));
  return isSlash ? { what: 'an encoded slash or backslash', isSlash } : undefined;
}

/** Parsed as the request will be, so that `/api/x/..` gives the path that is requested. */
function asSent(path: string): string {
  return new URL(`http://portal${path}`).pathname;
}

/** The text, then with escapes decoded once, twice, … until nothing changes. */
function levelsOf(text: string): readonly string[] {
  const levels = [text];
  for (let level = text; levels.length <= MAX_LEVELS; ) {
    const next = withoutEscapes(level);
    if (next === level) break;
    levels.push(next);
    level = next;
  }
  return levels;
}

/** As tolerant as Python's `unquote`: invalid UTF-8 becomes U+FFFD, and the rest is still decoded. */
function withoutEscapes(text: string): string {
  return text
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
    .normalize('NFKC');
}

function resolved(segments: readonly string[]): string[] {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept;
}

/** `;version=1` after a segment is a parameter to Java's servers, and part of its name to others. */
function withoutParameters(segment: string): string {
  return segment.replace(/;.*$/s, '');
}

function canonicalSegment(segment: string): string {
  const text = levelsOf(segment).at(-1) ?? segment;
  // Some servers drop blanks, dots and control characters at the end.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must find them
  const trimmed = /^\.{1,2}$/.test(text) ? text : text.replace(/[\s.\0-\x1f]+$/, '');
  return trimmed.replaceAll('-', '_').toLowerCase();
}

function withoutFormat(segments: readonly string[]): readonly string[] {
  return segments.map((segment, index) =>
    index === segments.length - 1 ? segment.replace(/(?<=.)\.[a-z0-9]{1,5}$/, '') : segment,
  );
}
