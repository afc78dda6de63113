import { STATUS_CODES } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { chooseDelivery, reset, send } from '../http/delivery.js';
import { INTERNAL_SERVER_ERROR } from '../http/dispatch.js';
import { REFUSED } from '../routes/auth.js';
import { pretendedListError } from '../routes/client-list.js';
import { sample } from './distribution.js';
import type { FaultRegistry } from './registry.js';
import type { RequestRule } from './rule.js';

const MEGABYTE = 1_000_000;
const CHUNK = Buffer.alloc(64 * 1_024, 'x');

/** Stands before the routes: waits add up, how the answer goes out is noted, and the first answering rule ends it. */
export function faultyAnswers(faults: FaultRegistry): RequestHandler {
  return async (req, res, next) => {
    for (const { rule, random } of faults.drawFor(req.method, req.path)) {
      if (rule.kind === 'latency') {
        await sleep(sample(rule.params, random), undefined, { ref: false });
      } else if (await answers(rule, req, res)) {
        return;
      }
    }
    next();
  };
}

/** @returns whether the request is over */
async function answers(rule: Exclude<RequestRule, { kind: 'latency' }>, req: Request, res: Response): Promise<boolean> {
  switch (rule.kind) {
    case 'slow_drip':
      chooseDelivery(res, { kind: 'drip', bytesPerSecond: rule.params.bytesPerSecond });
      return false;
    case 'connection_reset':
      if (rule.params.afterBytes > 0) {
        chooseDelivery(res, { kind: 'cut', afterBytes: rule.params.afterBytes });
        return false;
      }
      reset(res);
      return true;
    case 'status':
      await send(res, errorAnswer(rule.params));
      return true;
    case 'ok_with_error':
      await send(res, json(200, pretendedListError(rule.params.message)));
      return true;
    case 'login_refused':
      await send(res, json(401, { detail: REFUSED }));
      return true;
    case 'redirect_loop':
      await send(res, { status: rule.params.status, headers: { location: nextHop(req) } });
      return true;
    case 'huge_body':
      await sendHuge(res, rule.params.megabytes * MEGABYTE);
      return true;
  }
}

function errorAnswer({ status, body, retryAfterSeconds }: Extract<RequestRule, { kind: 'status' }>['params']) {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  if (body !== undefined) {
    return { status, headers, contentType: 'text/plain; charset=utf-8', body };
  }
  return status === 500
    ? { ...INTERNAL_SERVER_ERROR, headers }
    : { ...json(status, { detail: STATUS_CODES[status] ?? 'Error' }), headers };
}

function json(status: number, value: unknown) {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

// A new address on each hop: clients that only refuse to visit the same address twice must be caught too.
function nextHop(req: Request): string {
  const url = new URL(req.originalUrl, `${req.protocol}://${req.headers.host ?? 'localhost'}`);
  url.searchParams.set('hop', String(Number(url.searchParams.get('hop') ?? 0) + 1));
  return url.href;
}

async function sendHuge(res: Response, bytes: number): Promise<void> {
  res.writeHead(200, { 'content-type': 'application/json', server: 'uvicorn' });
  // Rejects when the client closes the connection, which is the purpose of this fault.
  await pipeline(padding(bytes), res).catch(() => undefined);
}

function* padding(bytes: number): Generator<Buffer | string> {
  yield '{"padding":"';
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
  }
  yield '"}';
}
