import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';

/** How the bytes of an answer go out. A fault chooses one; without a choice they go at once. */
export type Delivery =
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  | { readonly kind: 'cut'; readonly afterBytes: number };

const TICK_MS = 100;
const chosen = new WeakMap<Response, Delivery>();

export function chooseDelivery(res: Response, delivery: Delivery): void {
  chosen.set(res, delivery);
}

export interface DeliveredAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** The only function that sends answers of the portal. */
export async function send(res: Response, answer: DeliveredAnswer): Promise<void> {
  const body = Buffer.from(answer.body ?? '', 'utf8');
  res.statusCode = answer.status;
  res.setHeader('server', 'uvicorn');
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    res.setHeader(name, value);
  }
  if (answer.contentType !== undefined) {
    res.setHeader('content-type', answer.contentType);
  }
  res.setHeader('content-length', body.length);
  const delivery = chosen.get(res);
  if (delivery === undefined) {
    res.end(body);
  } else if (delivery.kind === 'cut') {
    res.write(body.subarray(0, delivery.afterBytes), () => reset(res));
  } else {
    await drip(res, body, delivery.bytesPerSecond);
  }
}

async function drip(res: Response, body: Buffer, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.round((bytesPerSecond * TICK_MS) / 1_000));
  const pauseMs = (step * 1_000) / bytesPerSecond;
  for (let at = 0; at < body.length && !res.destroyed; at += step) {
    res.write(body.subarray(at, at + step));
    await sleep(pauseMs, undefined, { ref: false });
  }
  res.end();
}

/** A TCP reset where the socket allows it; under TLS, an end without a goodbye. */
export function reset(res: Response): void {
  const socket = res.socket;
  if (socket && !('encrypted' in socket)) {
    socket.resetAndDestroy();
  } else {
    socket?.destroy();
  }
}
