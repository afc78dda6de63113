/** Parts of requests to a portal: each is compiled while loading, so that nothing fails at the first run. */
import { z } from 'zod';
import { urlProblem } from '../../reading/schema/patterns.js';
import { expected, text } from '../../reading/schema/say.js';
import { hiddenIn } from '../path-readings.js';

/** Headers that frame the message: set by hand, they would break the measurement itself. */
const framing = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'te',
  'trailer',
]);

/** A header's name, RFC 9110 `token`. */
export function headerName() {
  return z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: expected('a header name such as Accept-Language') });
}

/**
 * Headers that make servers use another route or method than the request names. With one of them a step could call what
 * `neverProbe` or `allowMutations` forbids, although its path looks allowed.
 */
const overriding = new Set([
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-override-url',
  'x-forwarded-prefix',
  'x-forwarded-path',
  'x-script-name',
  'script-name',
  'script_name',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

/** Name of a header in a request of the exporter. */
export function requestHeaderName() {
  return headerName()
    .refine((written) => !framing.has(written.toLowerCase()), {
      error: 'this header is set by the connection itself and cannot be given',
    })
    .refine((written) => !overriding.has(written.toLowerCase()), {
      error:
        'this header makes servers take another path or method than the step says; write those in path: and method:',
    });
}

/** A header's value: visible characters, blanks and tabs. A line break would begin another header. */
export function headerValue() {
  const printable = (written: string) => ![...written].some((character) => character < ' ' && character !== '\t');
  return text().refine(printable, { error: expected('a header value on one line') });
}

/** A name in `{braces}`: letters, digits and underscores. */
export function variableName() {
  return z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, {
    error: expected('a name of letters, digits and underscores, such as clientGroupId'),
  });
}

/**
 * A path below the portal's base URL. Dot segments, doubled slashes and other forms that servers normalise are refused,
 * because a reader could not tell which route is called.
 *
 * @param encodedSlashes whether it may contain `%2F`; a rule checks whether the portal allows it.
 */
export function path({ encodedSlashes = false } = {}) {
  const checked = text().superRefine((written, context) => {
    const message = pathProblem(written, encodedSlashes);
    if (message !== undefined) {
      context.addIssue({ code: 'custom', message });
    }
  });
  // The part that an editor can check while the user types.
  return checked.meta({ pattern: '^/(?!/)[^?#\\s\\\\]*$' });
}

function pathProblem(written: string, encodedSlashes: boolean): string | undefined {
  if (!written.startsWith('/') || written.startsWith('//')) {
    return expected('a path that begins with one /, such as /api/health; the host is the base URL of the portal');
  }
  if (written.includes('?') || written.includes('#')) {
    return expected('a path alone; write parameters below query:');
  }
  if (/[\s\\]/.test(written)) {
    return expected('a path without blanks or backslashes');
  }
  if (written.includes('//', 1)) {
    return expected('a path without empty, . or .. segments');
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(written)) {
    return expected('a path in which every % begins an escape such as %20');
  }
  const hidden = hiddenIn(written);
  if (hidden?.what === 'a dot segment') {
    return expected('a path without empty, . or .. segments');
  }
  if (hidden !== undefined && !(hidden.isSlash && encodedSlashes)) {
    return `holds ${hidden.what}, which servers read in different ways`;
  }
  if (/[{}]/.test(written.replaceAll(/\{[A-Za-z][A-Za-z0-9_]*\}/g, ''))) {
    return expected('variables written as {name}');
  }
  return undefined;
}

/**
 * A page, or several: a path of the portal, or a complete address. `*` matches any characters of one segment, a last
 * segment `**` everything below.
 */
export function page() {
  return text().superRefine((written, context) => {
    const message = pageProblem(written);
    if (message !== undefined) {
      context.addIssue({ code: 'custom', message });
    }
  });
}

function pageProblem(written: string): string | undefined {
  const [, origin, rest = written] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*)(.*)$/.exec(written) ?? [];
  const wrong = origin === undefined ? undefined : urlProblem(origin, 'bare', 'https://login.example.com');
  if (wrong !== undefined) {
    return wrong;
  }
  if (origin !== undefined && rest === '') {
    return expected('an address with a path, such as https://login.example.com/**');
  }
  if (/[{}]/.test(rest)) {
    return expected('a page without variables; * stands for any characters of one segment');
  }
  const problem = pathProblem(rest, true);
  if (problem !== undefined) {
    return problem;
  }
  return rest.split('/').slice(0, -1).includes('**') ? expected('** as the last segment only') : undefined;
}
