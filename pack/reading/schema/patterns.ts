/** Texts with a grammar: each is compiled while loading, so that a mistake is found then and not in the first run. */
import { compileJsonPath } from '../json-path.js';
import { isLinear } from '../linear-regex.js';
import { expected, text } from './say.js';

/**
 * A JavaScript regular expression, without flags, whose run time is proportional to the text. A pattern with
 * lookaround, a backreference or nested large counts can block its thread for ever, together with everything else that
 * it measures.
 */
export function regex() {
  return text().superRefine((pattern, context) => {
    const message = regexProblem(pattern);
    if (message !== undefined) {
      context.addIssue({ code: 'custom', message });
    }
  });
}

function regexProblem(pattern: string): string | undefined {
  try {
    if (isLinear(pattern)) return undefined;
  } catch (error) {
    return `bad regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
  return 'regular expression that may take for ever; expected one without lookaround, backreferences and nested or huge counts';
}

/** An RFC 9535 path such as `$.items[0].id`. */
export function jsonPath() {
  return text().superRefine((path, context) => {
    try {
      compileJsonPath(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      context.addIssue({ code: 'custom', message: `bad JSON path: ${reason}` });
    }
  });
}

/** An absolute http(s) URL. `bare` also refuses a path, because each step has its own. */
export function url(kind: 'bare' | 'full', example: string) {
  return text()
    .superRefine((written, context) => {
      const message = urlProblem(written, kind, example);
      if (message !== undefined) {
        context.addIssue({ code: 'custom', message });
      }
    })
    .meta({ format: 'uri', pattern: '^https?://' });
}

/** Where a document is found: an absolute URL, or a path inside the installed pack. */
export function documentBase() {
  return text()
    .refine((written) => /^[A-Za-z0-9_./-]+$/.test(written) || urlProblem(written, 'full', '') === undefined, {
      error: expected('a URL such as https://wiki.example.com/runbooks, or a path such as docs/runbooks'),
    })
    .refine((written) => !written.includes('?'), { error: expected('a URL without a query') });
}

/** What is wrong with an address; undefined when nothing is. */
export function urlProblem(written: string, kind: 'bare' | 'full', example: string): string | undefined {
  const parsed = URL.canParse(written) ? new URL(written) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || !/^https?:\/\//i.test(written)) {
    return expected(`an http or https URL such as ${example}`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return expected('a URL without credentials; write them below auth:');
  }
  if (parsed.hash !== '' || written.includes('#')) {
    return expected('a URL without a fragment');
  }
  if (written.includes('?')) {
    return expected(kind === 'bare' ? 'a base URL without a query; write it in each step' : 'a URL without a query');
  }
  if (kind === 'bare' && parsed.pathname !== '/') {
    return expected('a base URL of scheme, host and port only; write the path in each step');
  }
  return undefined;
}
