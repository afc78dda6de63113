import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** The file is no recording, or not one of this portal; the message says where and what was expected. */
export class InvalidHar extends Error {
  override readonly name = 'InvalidHar';
}

export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** One request and its answer, as far as a workflow is concerned. */
export interface Entry {
  readonly url: URL;
  readonly method: string;
  readonly requestHeaders: readonly Pair[];
  readonly requestCookies: readonly Pair[];
  readonly postData: PostData | undefined;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly responseHeaders: readonly Pair[];
  readonly responseCookies: readonly Pair[];
  /** Without parameters, in lower case. */
  readonly mimeType: string;
  readonly body: string | undefined;
  readonly redirectUrl: string;
  /** Chrome and its relatives say what asked: `document`, `xhr`, `script` and so on. */
  readonly resourceType: string | undefined;
  readonly durationMs: number;
}

export interface PostData {
  readonly mimeType: string;
  readonly text: string;
  readonly params: readonly Pair[];
}

const pairs = z
  .array(z.object({ name: z.string(), value: z.string().default('') }))
  .optional()
  .transform((list) => list ?? []);

const url = z
  .string()
  .refine((written) => URL.canParse(written), { error: 'expected a URL' })
  .transform((written) => new URL(written));

const entry = z.object({
  time: z.number().optional(),
  _resourceType: z.string().optional(),
  request: z.object({
    method: z.string(),
    url,
    headers: pairs,
    cookies: pairs,
    postData: z.object({ mimeType: z.string().default(''), text: z.string().default(''), params: pairs }).optional(),
  }),
  response: z.object({
    status: z.number(),
    headers: pairs,
    cookies: pairs,
    redirectURL: z.string().optional(),
    content: z
      .object({ mimeType: z.string().default(''), text: z.string().optional(), encoding: z.string().optional() })
      .optional(),
  }),
});

const har = z.object({ log: z.object({ entries: z.array(entry) }) });

/** Reads a HAR 1.2 file, as browsers save it. @throws {InvalidHar} */
export function readHar(file: string): Entry[] {
  const parsed = har.safeParse(parseJson(file, readText(file)));
  if (parsed.success) return parsed.data.log.entries.map(toEntry);
  const [issue] = parsed.error.issues;
  const place = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const wrong = (issue?.message ?? '').replace(/^Invalid input: /, '');
  throw new InvalidHar(
    `${file}: ${place.slice(1) || 'the file'}: ${wrong}; expected a recording in the format HAR 1.2`,
  );
}

function readText(file: string): string {
  try {
    // Some tools begin the file with a byte order mark, which JSON does not know.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new InvalidHar(`${file}: cannot be read (${reason}); expected a recording in the format HAR 1.2`);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { line, col } = whereBroken(text, error);
    throw new InvalidHar(
      `${file}:${line}:${col}: this is not JSON; expected a recording in the format HAR 1.2, saved whole`,
    );
  }
}

/** Of the parser's message only the position is taken: it quotes the file, which holds secrets. */
function whereBroken(text: string, error: unknown): { readonly line: number; readonly col: number } {
  const lines = new LineCounter();
  const [, position] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  if (position === undefined) {
    // It does not always say where. JSON is YAML, and the parser for that one does.
    const [problem] = parseDocument(text, { lineCounter: lines, logLevel: 'silent' }).errors;
    if (problem !== undefined) return lines.linePos(problem.pos[0]);
  }
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
  return { line: before.length, col: (before.at(-1)?.length ?? 0) + 1 };
}

function toEntry({ request, response, time, _resourceType }: z.output<typeof entry>): Entry {
  const { content } = response;
  const isBase64 = content?.encoding === 'base64' && content.text !== undefined;
  return {
    url: request.url,
    method: request.method.toUpperCase(),
    requestHeaders: request.headers,
    requestCookies: request.cookies,
    postData: request.postData,
    status: response.status,
    responseHeaders: response.headers,
    responseCookies: response.cookies,
    mimeType: mediaType(content?.mimeType ?? ''),
    body: isBase64 ? Buffer.from(content.text ?? '', 'base64').toString('utf8') : content?.text,
    redirectUrl: response.redirectURL ?? '',
    resourceType: _resourceType?.toLowerCase(),
    durationMs: Math.max(0, time ?? 0),
  };
}

/** `application/json; charset=utf-8` is `application/json`. */
export function mediaType(written: string): string {
  return (written.split(';')[0] ?? '').trim().toLowerCase();
}

export function isJson(mimeType: string): boolean {
  return mimeType === 'application/json' || mimeType.endsWith('+json');
}

/** The JSON of a text, or undefined when it is none. */
export function jsonOf(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
