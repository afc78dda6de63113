import { scalars } from './chain.js';
import { isSecretName } from './names.js';
import { type HarEntry, isJson, jsonOf } from './read.js';

/** Shorter values are settings or flags, or delete a cookie: `deleted`. */
const SHORTEST = 8;
/** A cookie that more answers than this set is renewed by all of them, and is no sign of a login. */
const MOST_ANSWERS = 2;

const certainToken = /^((access|id|auth|bearer|refresh)[-_]?token|jwt|id[-_]?jwt)$/i;
const anyToken = /^([a-z]*[-_]?token|session[-_]?(id|key)|api[-_]?key|ticket)$/i;
const tokenHeader = /^(authorization|x-(auth|access|session)-token|x-jwt)$/i;

/** Recognises a login by its answer alone, independent of the names of its path and fields. */
export class LoginAnswers {
  readonly #sent = new Set<string>();
  readonly #setters = new Map<string, number>();

  constructor(entries: readonly HarEntry[]) {
    for (const { requestHeaders, responseCookies } of entries) {
      for (const { value } of requestHeaders) this.#sent.add(value).add(value.replace(/^\S+\s+/, ''));
      for (const { name } of responseCookies) this.#setters.set(name, (this.#setters.get(name) ?? 0) + 1);
    }
  }

  isLogin(entry: HarEntry): boolean {
    const { method, postData } = entry;
    const isSent = postData !== undefined && (postData.text !== '' || postData.params.length > 0);
    return (method === 'POST' || method === 'PUT') && isSent && this.startsSession(entry);
  }

  /** Whether the answer, to any request, sets a session or gives a token. */
  startsSession({ status, ...entry }: HarEntry): boolean {
    return status >= 200 && status < 400 && (this.#setsSession(entry) || this.#givesToken(entry));
  }

  #setsSession({ requestCookies, responseCookies }: Pick<HarEntry, 'requestCookies' | 'responseCookies'>): boolean {
    return responseCookies.some(
      ({ name, value }) =>
        value.length >= SHORTEST &&
        (isSecretName(name) || /sess|auth|login|remember|ident/i.test(name)) &&
        !/csrf|xsrf|verification/i.test(name) &&
        (this.#setters.get(name) ?? 0) <= MOST_ANSWERS &&
        !requestCookies.some((sent) => sent.name === name && sent.value === value),
    );
  }

  #givesToken({ mimeType, body, responseHeaders }: Pick<HarEntry, 'mimeType' | 'body' | 'responseHeaders'>): boolean {
    if (responseHeaders.some(({ name, value }) => tokenHeader.test(name) && value.length >= SHORTEST)) return true;
    if (!isJson(mimeType)) return false;
    for (const { key, value } of scalars(jsonOf(body), '$', '', '')) {
      if (typeof value !== 'string' || value.length < SHORTEST) continue;
      if (certainToken.test(key) || (anyToken.test(key) && this.#sent.has(value))) return true;
    }
    return false;
  }
}
