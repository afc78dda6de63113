import type { Request, RequestHandler, Response } from 'express';
import { currentUser } from '../auth/current-user.js';
import type { Connection } from '../database/pool.js';
import type { DemoPortalState } from '../state.js';
import { HEAVY_MS } from '../timings.js';
import { type DeliveredAnswer, send } from './delivery.js';
import { HttpError } from './errors.js';
import { encode } from './json.js';
import type { Route, RouteCall } from './route.js';
import type { RouteTable } from './routing.js';

/** A route's answer when it is not JSON with status 200. */
export class RawAnswer {
  readonly answer: DeliveredAnswer;

  constructor(answer: DeliveredAnswer) {
    this.answer = answer;
  }
}

export const INTERNAL_SERVER_ERROR: DeliveredAnswer = {
  status: 500,
  contentType: 'text/plain; charset=utf-8',
  body: 'Internal Server Error',
};

export function dispatcher(portal: DemoPortalState, table: RouteTable): RequestHandler {
  return async (req, res) => {
    await send(res, await answerTo(req, res, portal, table));
  };
}

async function answerTo(
  req: Request,
  res: Response,
  portal: DemoPortalState,
  table: RouteTable,
): Promise<DeliveredAnswer> {
  const url = new URL(req.originalUrl, 'http://portal');
  const match = table.match(req.method, url.pathname);
  if (match.kind === 'wrong-method') {
    return detail(405, 'Method Not Allowed', { allow: match.allow });
  }
  if (match.kind === 'missing') {
    return redirectWithoutSlash(req, url, table) ?? detail(404, 'Not Found');
  }
  const body: unknown = req.body;
  const call: RouteCall = {
    path: url.pathname,
    params: match.params,
    query: url.searchParams,
    headers: req.headers,
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    portal,
    setCookie: (line) => res.append('set-cookie', line),
  };
  return run(match.route, call);
}

/** Starlette sends a path with a slash too many to the one without, by its full address. */
function redirectWithoutSlash(req: Request, url: URL, table: RouteTable): DeliveredAnswer | undefined {
  const path = url.pathname.replace(/\/$/, '');
  if (path === url.pathname || path === '' || table.match(req.method, path).kind === 'missing') {
    return undefined;
  }
  return { status: 307, headers: { location: `${req.protocol}://${req.headers.host ?? ''}${path}${url.search}` } };
}

async function run(route: Route, call: RouteCall): Promise<DeliveredAnswer> {
  if (route.access === 'open') {
    return outcome(route, async () => route.handle(call));
  }
  let db: Connection;
  try {
    db = await call.portal.pool.acquire();
  } catch {
    // Before the route's own code: nothing there can turn this into JSON.
    return INTERNAL_SERVER_ERROR;
  }
  const work = async () => {
    const startedAt = performance.now();
    const answer = await outcome(route, async () => {
      const withDatabase = { ...call, db };
      return route.access === 'user'
        ? route.handle({ ...withDatabase, user: await currentUser(withDatabase) })
        : route.handle(withDatabase);
    });
    if (answer.status === 200) {
      await waitOut(route, db, startedAt);
    }
    return answer;
  };
  try {
    return (route.warmMs ?? 0) > HEAVY_MS ? await call.portal.heavyWork.run(work) : await work();
  } finally {
    // Only here: a client that went away does not give its connection back before the work is done.
    db.release();
  }
}

async function outcome(route: Route, work: () => Promise<unknown>): Promise<DeliveredAnswer> {
  try {
    const result = await work();
    if (result instanceof RawAnswer) {
      return result.answer;
    }
    return { status: 200, contentType: 'application/json', body: encode(result, route.json) };
  } catch (error) {
    if (error instanceof HttpError) {
      return detail(error.status, error.detail, error.headers);
    }
    if (route.failure === undefined) {
      return INTERNAL_SERVER_ERROR;
    }
    return detail(500, `${route.failure}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function waitOut(route: Route, db: Connection, startedAt: number): Promise<void> {
  const restMs = (route.warmMs ?? 0) - (performance.now() - startedAt);
  if (restMs > 0.5) {
    // The answer is ready; a database that goes away during this wait changes nothing about it.
    await db.rows('select pg_sleep($1)', [restMs / 1_000]).catch(() => undefined);
  }
}

function detail(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): DeliveredAnswer {
  return { status, headers, contentType: 'application/json', body: JSON.stringify({ detail: value }) };
}
