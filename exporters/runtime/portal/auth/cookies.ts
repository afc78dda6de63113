import { CookieJar } from 'tough-cookie';

const options = { rejectPublicSuffixes: false, allowSpecialUseDomain: true, looseMode: true };

/** How many cookies browsers keep per host, and the longest that they accept (RFC 6265bis, 5.5 and 5.7). */
const MAX_COOKIES = 180;
const MAX_COOKIE_BYTES = 4096;

function nameAndValueOf(line: string): Buffer {
  return Buffer.from(line.split(';', 1)[0] ?? '');
}

/**
 * A cookie jar like that of a browser. Portals often have intranet names (`.local`, single labels, addresses), so the
 * public-suffix rule is off.
 */
export class Cookies {
  /** Created for the first cookie, because most runs have none. */
  #jar: CookieJar | undefined;

  store(url: URL, setCookie: readonly string[] | undefined): void {
    for (const line of setCookie ?? []) {
      if (nameAndValueOf(line).length > MAX_COOKIE_BYTES) continue;
      // A browser would not send a cookie that the rules refuse either.
      this.#jar ??= new CookieJar(undefined, options);
      this.#jar.setCookieSync(line, url.href, { ignoreError: true });
    }
    if ((setCookie?.length ?? 0) > 0) this.#forget(url);
  }

  /** The `cookie` header for this address, or undefined when there is nothing to send. */
  header(url: URL): string | undefined {
    const header = this.#jar?.getCookieStringSync(url.href);
    return header === '' ? undefined : header;
  }

  value(url: URL, name: string): string | undefined {
    return this.#find(url, name)?.value;
  }

  /** Whether this host has set a cookie that is still valid, on any path. */
  isKnownTo(url: URL): boolean {
    return (this.#jar?.getCookiesSync(url.href, { allPaths: true }) ?? []).length > 0;
  }

  /** Milliseconds until it expires; Infinity for a session cookie. */
  lifetimeMs(url: URL, name: string): number | undefined {
    const ttl = this.#find(url, name)?.TTL();
    return ttl === undefined || ttl === null ? undefined : ttl;
  }

  /** Some portals set a new cookie name with each answer, until servers refuse the long header. */
  #forget(url: URL): void {
    const jar = this.#jar;
    const cookies = jar?.getCookiesSync(url.href, { allPaths: true }) ?? [];
    const surplus = cookies.length - MAX_COOKIES;
    if (jar === undefined || surplus <= 0) return;
    const oldest = cookies.sort((a, b) => (a.creationIndex ?? 0) - (b.creationIndex ?? 0)).slice(0, surplus);
    for (const { domain, path, key } of oldest) jar.store.removeCookie(domain, path, key, () => {});
  }

  /** On any path: a login at /api/login may set a cookie for /app. */
  #find(url: URL, name: string) {
    return this.#jar?.getCookiesSync(url.href, { allPaths: true }).find((cookie) => cookie.key === name);
  }
}
