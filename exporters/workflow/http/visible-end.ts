import { StepFailure } from '../../runtime/portal/step-failure.js';
import type { Reading } from './reading.js';

/**
 * An answer without a length ends with its connection, also when the server was killed in the middle of it. Of some
 * types the content itself shows whether it is complete.
 *
 * @throws {StepFailure} `protocol`, if it shows that it is not.
 */
export function requireVisibleEnd(reading: Reading): void {
  const type = (reading.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const missing = missingEnd(type, reading);
  if (missing === undefined) return;
  throw new StepFailure(
    'protocol',
    `the answer was cut off: it has no length, the connection was closed, and ${missing}`,
  );
}

/** What shows that the content is not complete; undefined if nothing does. */
function missingEnd(type: string, reading: Reading): string | undefined {
  if (type === 'application/json' || type.endsWith('+json')) return isJson(reading) ? undefined : 'it is not JSON';
  if (type === 'text/html' || type === 'application/xhtml+xml') return missingEndOfPage(reading.text);
  if (/^(application|text)\/xml$|\+xml$/.test(type)) return missingEndOfXml(reading.text);
  if (type.startsWith('multipart/')) return missingBoundary(reading);
  if (type === 'application/pdf') return reading.text.slice(-1024).includes('%%EOF') ? undefined : 'it has no %%EOF';
  return undefined;
}

function isJson(reading: Reading): boolean {
  try {
    reading.json();
    return true;
  } catch (error) {
    // Too large to be parsed is a failure of its own.
    if (error instanceof StepFailure && error.reason === 'assertion') return false;
    throw error;
  }
}

/** End tags may be omitted in HTML. But who writes `<html>` and then no `</html>` has not come to the end. */
function missingEndOfPage(text: string): string | undefined {
  const page = withoutComments(text);
  if (page === undefined) return 'a comment of the page does not end';
  if (/<html[\s>]/i.test(page) && !/<\/html\s*>/i.test(page)) return 'the page has no </html>';
  return page.lastIndexOf('<') > page.lastIndexOf('>') && /<[/a-z!][^<>]*$/i.test(page.slice(-LONGEST_TAG))
    ? 'a tag of the page does not end'
    : undefined;
}

const LONGEST_TAG = 10_000;

/** The root of XML has to end. */
function missingEndOfXml(text: string): string | undefined {
  const document = withoutComments(text)?.trim();
  const root = document === undefined ? undefined : /<([^\s<>/?!]+)/.exec(document)?.[1];
  if (document === undefined || root === undefined) return 'its XML has no root';
  const last = document.slice(document.lastIndexOf('<'));
  const isEmptyRoot = last.startsWith(`<${root}`) && last.endsWith('/>');
  const isEndTag = last.endsWith('>') && last.slice(0, -1).trimEnd() === `</${root}`;
  const isEnded = isEmptyRoot || isEndTag || (last.startsWith('<?') && last.endsWith('?>'));
  return isEnded ? undefined : `its XML has no </${root}>`;
}

/** Undefined if one does not end. */
function withoutComments(text: string): string | undefined {
  let rest = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf('<!--', from);
    if (start < 0) return rest + text.slice(from);
    const end = text.indexOf('-->', start + 2);
    if (end < 0) return undefined;
    rest += text.slice(from, start);
    from = end + 3;
  }
}

function missingBoundary(reading: Reading): string | undefined {
  const [, quoted, bare] = /boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(reading.header('content-type') ?? '') ?? [];
  const boundary = quoted ?? bare;
  return boundary === undefined || reading.text.includes(`--${boundary}--`) ? undefined : 'its last part does not end';
}
