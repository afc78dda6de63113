import { StepFailure } from '../../runtime/portal/step-failure.js';

/** A byte-order mark takes precedence over any header (WHATWG Encoding, 6.1). */
const marks: readonly (readonly [bytes: Buffer, charset: string])[] = [
  [Buffer.from([0xef, 0xbb, 0xbf]), 'utf-8'],
  [Buffer.from([0xfe, 0xff]), 'utf-16be'],
  [Buffer.from([0xff, 0xfe]), 'utf-16le'],
];

/** Browsers search this far into a page for it. */
const META_BYTES = 1024;

/**
 * The text of an answer in the charset that it declares: by a byte-order mark, in its content type, or in an HTML
 * page's `meta`; otherwise UTF-8.
 *
 * @throws {StepFailure} `protocol` for an unknown charset.
 */
export function decodedText(body: Buffer, contentType: string | undefined): string {
  const declared = markOf(body) ?? parameterOf(contentType) ?? metaOf(body, contentType);
  if (declared === undefined) return body.toString('utf8');
  return decoded(body, declared);
}

/** JSON is UTF-8 regardless of headers (RFC 8259, 8.1). Only if it is not valid UTF-8, the header is used. */
export function jsonTextOf(body: Buffer, contentType: string | undefined): string {
  if (markOf(body) !== undefined) return decodedText(body, contentType);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return decodedText(body, contentType);
  }
}

function decoded(body: Buffer, charset: string): string {
  try {
    const decoder = new TextDecoder(charset);
    const text = decoder.decode(body);
    return decoder.encoding === 'windows-1252' ? withoutControls(text) : text;
  } catch (cause) {
    throw new StepFailure('protocol', `the answer declares the charset ${charset}, which is unknown`, { cause });
  }
}

/** 0x80 to 0x9f of windows-1252, for which some versions of Node.js give the control characters of ISO 8859-1. */
const upper = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function withoutControls(text: string): string {
  return text.replace(/[\u0080-\u009f]/g, (control) => upper[control.charCodeAt(0) - 0x80] ?? control);
}

function markOf(body: Buffer): string | undefined {
  return marks.find(([bytes]) => body.subarray(0, bytes.length).equals(bytes))?.[1];
}

function parameterOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1];
}

function metaOf(body: Buffer, contentType: string | undefined): string | undefined {
  if (!/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(contentType ?? '')) return undefined;
  const head = body.subarray(0, META_BYTES).toString('latin1');
  return /<meta\s[^>]*\bcharset\s*=\s*["']?([^\s"'/>;]+)/i.exec(head)?.[1];
}
