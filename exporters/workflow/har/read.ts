import { dirname, join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { readBounded, UnreadableFile } from '../../../pack/reading/bounded-file.js';

/** The file is not a recording, or not of this portal; the message says where, and what was expected. */
export class InvalidHar extends Error {
  override readonly name = 'InvalidHar';
}

/** The longest text that Node.js supports; recordings with videos come close. */
const MAX_HAR_BYTES = 256 * 1024 * 1024;
/** Longer answers are data from which no later request takes a value. */
const MAX_BODY_BYTES = 20_000_000;

export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** The parts of one request and its answer that a workflow needs. */
export interface HarEntry {
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
  /** Browsers based on Chromium record the kind of request: `document`, `xhr`, `script` and so on. */
  readonly resourceType: string | undefined;
  readonly durationMs: number;
}

export interface PostData {
  readonly mimeType: string;
  readonly text: string;
  readonly params: readonly Pair[];
}

/** Tools write null, nothing or an empty text for unknown values. */
const text = z
  .union([z.string(), z.number().transform(String), z.boolean().transform(String)])
  .nullish()
  .transform((written) => written ?? '');

const pairs = z
  .array(z.object({ name: text, value: text }))
  .nullish()
  .transform((list) => list ?? []);

/** In addition to a text, tools write its encoding, or the file that holds it. */
const content = z
  .object({ mimeType: text, text: z.string().nullish(), encoding: text, _file: text })
  .nullish()
  .transform((written) => written ?? undefined);

const entry = z.object({
  time: z.number().nullish(),
  _resourceType: z.string().nullish(),
  request: z.object({
    method: z.string({ error: 'expected a text' }),
    url: z.string({ error: 'expected a URL' }),
    headers: pairs,
    cookies: pairs,
    postData: z
      .object({ mimeType: text, text, params: pairs, encoding: text, _file: text })
      .nullish()
      .transform((written) => written ?? undefined),
  }),
  response: z
    .object({
      status: z
        .number()
        .nullish()
        .transform((written) => Math.max(0, written ?? 0)),
      headers: pairs,
      cookies: pairs,
      redirectURL: text,
      content,
    })
    .nullish()
    .transform((written) => written ?? { status: 0, headers: [], cookies: [], redirectURL: '', content: undefined }),
});

const har = z.object({ log: z.object({ entries: z.array(z.unknown()) }) });

type ParsedEntry = z.output<typeof entry>;

/** Reads a HAR 1.2 file, as browsers, proxies and other tools save it. @throws {InvalidHar} */
export function readHar(file: string): HarEntry[] {
  const parsed = har.safeParse(parseJson(file, readText(file)));
  if (!parsed.success) throw notHar(file, parsed.error.issues[0], []);
  const found = parsed.data.log.entries.map((written) => entry.safeParse(written));
  const entries = found.flatMap(({ data }) => {
    // A tunnel (CONNECT), a browser extension, a data URL: these cannot be requested from a portal.
    if (data === undefined || !URL.canParse(data.request.url)) return [];
    const url = new URL(data.request.url);
    const isOfTheWeb = url.protocol === 'http:' || url.protocol === 'https:';
    return isOfTheWeb && data.request.method !== 'CONNECT' ? [toEntry(data, url, dirname(file))] : [];
  });
  if (entries.length > 0 || found.length === 0) return entries;
  const index = found.findIndex(({ error }) => error !== undefined);
  const place = ['log', 'entries', Math.max(0, index)];
  throw notHar(file, found[index]?.error?.issues[0] ?? { path: ['request', 'url'], message: 'expected a URL' }, place);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function notHar(file: string, issue: Issue | undefined, above: readonly PropertyKey[]): InvalidHar {
  const path = [...above, ...(issue?.path ?? [])];
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const wrong = (issue?.message ?? '').replace(/^Invalid input: /, '');
  return new InvalidHar(
    `${file}: ${place.slice(1) || 'the file'}: ${wrong}; expected a recording in the format HAR 1.2`,
  );
}

function readText(file: string): string {
  try {
    // Some tools begin the file with a byte order mark, which JSON does not allow.
    return readBounded(file, MAX_HAR_BYTES, { pipes: true })
      .bytes.toString('utf8')
      .replace(/^\uFEFF/, '');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new InvalidHar(`${file}: ${error.message}; expected a recording in the format HAR 1.2`);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.startsWith('PK')) {
      throw new InvalidHar(`${file}: this is a ZIP archive; unpack it, and import the .har file in it`);
    }
    const { line, col } = whereBroken(text, error);
    throw new InvalidHar(
      `${file}:${line}:${col}: this is not JSON; expected a recording in the format HAR 1.2, saved whole`,
    );
  }
}

/** Only the position of the parser's message is used, because the message quotes the file, which contains secrets. */
function whereBroken(text: string, error: unknown): { readonly line: number; readonly col: number } {
  const lines = new LineCounter();
  const [, position] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  if (position === undefined) {
    // The message does not always contain a position. JSON is also YAML, and the YAML parser reports one.
    const [problem] = parseDocument(text, { lineCounter: lines, logLevel: 'silent' }).errors;
    if (problem !== undefined) return lines.linePos(problem.pos[0]);
  }
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
  return { line: before.length, col: (before.at(-1)?.length ?? 0) + 1 };
}

function toEntry({ request, response, time, _resourceType }: ParsedEntry, url: URL, folder: string): HarEntry {
  const { content } = response;
  const { postData } = request;
  const type = headerOf(request.headers, 'content-type');
  return {
    url,
    method: request.method.toUpperCase(),
    requestHeaders: request.headers,
    requestCookies: request.cookies,
    postData:
      postData === undefined
        ? undefined
        : {
            mimeType: postData.mimeType || type,
            text: textOf(postData.text, postData.encoding, postData._file, folder) ?? '',
            params: postData.params,
          },
    status: response.status,
    responseHeaders: response.headers,
    responseCookies: response.cookies.length > 0 ? response.cookies : setCookies(response.headers),
    mimeType: mediaType(content?.mimeType || headerOf(response.headers, 'content-type')),
    body: content === undefined ? undefined : textOf(content.text, content.encoding, content._file, folder),
    redirectUrl: response.redirectURL || headerOf(response.headers, 'location'),
    resourceType: _resourceType?.toLowerCase(),
    durationMs: Math.max(0, time ?? 0),
  };
}

/** Playwright can save bodies as files next to the recording; a name that points outside that folder is refused. */
function textOf(text: string | null | undefined, encoding: string, file: string, folder: string): string | undefined {
  if (file !== '' && (text ?? '') === '') {
    const path = join(folder, file);
    if (!/^\w[\w.-]*$/.test(file))
      throw new InvalidHar(`${file}: a body outside the folder of the recording is not read`);
    return besideText(path);
  }
  return encoding === 'base64' ? Buffer.from(text ?? '', 'base64').toString('utf8') : (text ?? undefined);
}

/** Undefined: too long to be useful. */
function besideText(path: string): string | undefined {
  try {
    return readBounded(path, MAX_BODY_BYTES).bytes.toString('utf8');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (error.isTooLarge) return undefined;
    throw new InvalidHar(`${path}: ${error.message}; keep the files beside the recording that names them`);
  }
}

function headerOf(headers: readonly Pair[], name: string): string {
  return headers.find((header) => header.name.toLowerCase() === name)?.value ?? '';
}

/** Some tools leave the list of cookies empty. */
function setCookies(headers: readonly Pair[]): Pair[] {
  return headers
    .filter(({ name }) => name.toLowerCase() === 'set-cookie')
    .flatMap(({ value }) => value.split('\n'))
    .map((line) => {
      const [pair = ''] = line.split(';', 1);
      const equals = pair.indexOf('=');
      return { name: pair.slice(0, equals).trim(), value: pair.slice(equals + 1).trim() };
    });
}

/** `application/json; charset=utf-8` is `application/json`. */
export function mediaType(written: string): string {
  return (written.split(';')[0] ?? '').trim().toLowerCase();
}

export function isJson(mimeType: string): boolean {
  return mimeType === 'application/json' || mimeType.endsWith('+json');
}

/** The parsed JSON of a text, or undefined when it is not JSON. */
export function jsonOf(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
