import type { RequestHandler } from 'express';
import { PasswordCheck } from '../web/basic-auth.js';
import { RateLimiter } from '../web/rate-limiter.js';
import type { WebConfigSource } from '../web/watched-config.js';

/** Sent with every answer. Pages may extend the content policy for themselves; metrics and errors load nothing. */
const hardening: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'deny',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

export function hardened(web: WebConfigSource): RequestHandler {
  return (_request, response, next) => {
    response.set(hardening).set(web.current().headers);
    next();
  };
}

/** Runs before every route except those of health: rate limit and users of the web configuration, in this order. */
export function webGuard(web: WebConfigSource): RequestHandler {
  const limiter = new RateLimiter();
  const auth = new PasswordCheck();
  return async (request, response, next) => {
    const { rateLimit, users } = web.current();
    // Before bcrypt, which is the most expensive work that an unauthenticated client can cause.
    if (!limiter.admits(rateLimit)) {
      response.status(429).set('Retry-After', '1').type('text/plain').send('Too Many Requests\n');
      return;
    }
    const verdict = await auth.check(request.headers.authorization, users);
    if (verdict === 'admitted') {
      next();
    } else if (verdict === 'busy') {
      response.status(503).set('Retry-After', '1').type('text/plain').send('Too many logins at once\n');
    } else {
      // A client without a password cannot keep a connection.
      response.status(401).set('Connection', 'close').set('WWW-Authenticate', 'Basic realm="kop", charset="UTF-8"');
      response.type('text/plain').send('Unauthorized\n');
    }
  };
}
