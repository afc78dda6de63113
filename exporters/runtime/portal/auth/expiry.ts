import type { ExpiredWhen, Portal } from '../../../../pack/index.js';
import { pageIn } from '../../../../pack/portal/pages.js';
import { linearRegExp } from '../../../../pack/reading/linear-regex.js';

/** How a portal shows that the session has ended. */
export interface ExpirySigns {
  /** A readable sign, such as `status 401`; undefined if there is none. */
  status(status: number): string | undefined;
  /** @param target of the redirect. */
  redirect(target: URL): string | undefined;
  /** @param text is called only if there are patterns. */
  body(text: () => string): string | undefined;
}

/** 401 is always a sign; without a session, 403 may only mean that the page requires one. */
export const anonymousSigns: ExpirySigns = {
  status: (status) => (status === 401 ? 'status 401' : undefined),
  redirect: () => undefined,
  body: () => undefined,
};

/** The signs for a session: 401, 403, and those in `expiredWhen`. */
export function expirySigns(expiredWhen: ExpiredWhen | undefined, portal: Portal): ExpirySigns {
  const { status: statuses = [], redirectsTo = [], bodyMatches = [] } = expiredWhen ?? {};
  const patterns = bodyMatches.map((source) => ({ source, pattern: linearRegExp(source) }));
  return {
    status(status) {
      const isOne = status === 401 || status === 403 || statuses.some(({ min, max }) => status >= min && status <= max);
      return isOne ? `status ${status}` : undefined;
    },
    redirect(target) {
      const page = pageIn(target, redirectsTo, portal);
      return page === undefined ? undefined : `redirected to ${page}`;
    },
    body(text) {
      const found = patterns.find(({ pattern }) => pattern.test(text()));
      return found === undefined ? undefined : `the body matches ${found.source}`;
    },
  };
}
