import { type ExpiredWhen, linearRegExp, type Portal, pageIn } from '../../../../pack/index.js';

/** How a portal says that it no longer knows us. */
export interface ExpirySigns {
  /** In words for a person, such as `status 401`; undefined where there is no sign. */
  status(status: number): string | undefined;
  /** @param target where an answer redirects to. */
  redirect(target: URL): string | undefined;
  /** @param text is asked for only where there are patterns. */
  body(text: () => string): string | undefined;
}

/** 401 is one for everybody; a 403 may also tell a visitor without a session that something is not for visitors. */
export const anonymousSigns: ExpirySigns = {
  status: (status) => (status === 401 ? 'status 401' : undefined),
  redirect: () => undefined,
  body: () => undefined,
};

/** Those of a session: 401, 403, and what `expiredWhen` names. */
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
