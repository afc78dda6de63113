import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { passwordMatches } from '../auth/accounts.js';
import { cookieLine, cookieValue, deletedCookieLine } from '../auth/cookies.js';
import { HttpError, unprocessable } from '../http/errors.js';
import { jsonBody } from '../http/input.js';
import { naiveNow } from '../http/json.js';
import type { DatabaseCall, Profile, Route } from '../http/route.js';

const TOKEN_SECONDS = 86_400;
const SESSION_SECONDS = 604_800;
const credentials = z.object({ email: z.string(), password: z.string() });

export const REFUSED = 'Invalid email or password';

export const authRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/auth/login',
    access: 'database',
    json: 'model',
    failure: 'Login error',
    handle: logIn,
  },
  {
    method: 'POST',
    path: '/api/auth/logout',
    access: 'database',
    json: 'model',
    failure: 'Logout error',
    // Deletes the session and the cookies; the token itself stays good for its 24 hours.
    async handle(call) {
      const sessionId = cookieValue(call.headers.cookie, 'session_id');
      if (sessionId !== undefined) {
        await call.db.rows('delete from session where session_id = $1', [sessionId]);
      }
      call.setCookie(deletedCookieLine('session_id'));
      call.setCookie(deletedCookieLine('access_token'));
      return { message: 'Logout successful' };
    },
  },
  {
    method: 'GET',
    path: '/api/auth/me',
    access: 'user',
    json: 'plain',
    handle: async ({ user }) => user,
  },
];

async function logIn(call: DatabaseCall) {
  const { email, password } = parsedCredentials(jsonBody(call));
  const profile = await call.db.row<Profile & Record<string, unknown>>('select * from profiles where email = $1', [
    email,
  ]);
  const known =
    profile &&
    (await call.db.row<{ auth_id: number; password_hash: string }>(
      'select auth_id, password_hash from authentication where profiles_id = $1',
      [profile.id],
    ));
  // An unknown mail is answered at once, a wrong password after 300 ms: the portal gives that away.
  if (!profile || !known || !passwordMatches(password, known.password_hash)) {
    throw new HttpError(401, REFUSED);
  }
  await call.db.rows('update authentication set last_login = $1 where auth_id = $2', [naiveNow(), known.auth_id]);
  const sessionId = randomUUID();
  await call.db.rows(
    `insert into session (session_id, profiles_id, created_at, expires_at, last_activity)
     values ($1, $2, now(), now() + make_interval(secs => $3), $4)`,
    [sessionId, profile.id, SESSION_SECONDS, naiveNow()],
  );
  call.setCookie(cookieLine('session_id', sessionId, SESSION_SECONDS));
  call.setCookie(cookieLine('access_token', call.portal.tokens.issue(profile.id, TOKEN_SECONDS), TOKEN_SECONDS));
  return { message: 'Login successful', access_token: '', token_type: 'bearer', user: profile };
}

function parsedCredentials(body: unknown): z.infer<typeof credentials> {
  const parsed = credentials.safeParse(body);
  if (parsed.success) {
    return parsed.data;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw unprocessable({
      type: 'model_attributes_type',
      loc: ['body'],
      msg: 'Input should be a valid dictionary or object to extract fields from',
      input: body,
    });
  }
  throw unprocessable(
    ...parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const value: unknown = Object.entries(body).find(([key]) => key === name)?.[1];
      return value === undefined
        ? { type: 'missing', loc: ['body', name], msg: 'Field required', input: body }
        : { type: 'string_type', loc: ['body', name], msg: 'Input should be a valid string', input: value };
    }),
  );
}
