import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { OpenRequest } from '../../../../exporters/runtime/portal/http/open-request.js';
import { ConcurrencyLimit } from '../../../../exporters/workflow/concurrency-limit.js';
import { hangsWithRoom } from '../../../../pack/portal/in-flight.js';

const never = new AbortController().signal;
// A hundred wait for it in one of the tests.
setMaxListeners(0, never);

const busy = { admitted: false, reason: 'busy' };
const unanswered = { admitted: false, reason: 'unanswered' };

function limitOf(maxInFlight: number, hasCanary = true): ConcurrencyLimit {
  return new ConcurrencyLimit({ maxInFlight, abandonedAfterMs: 60_000 }, hasCanary);
}

const requester = (name: string) => ({ name, isCanary: name === 'canary' });

async function enter(subject: ConcurrencyLimit, name = 'a') {
  const entry = await subject.enter(requester(name), never);
  if (!entry.admitted) throw new Error(`refused: ${entry.reason}`);
  return entry.leave;
}

class Request implements OpenRequest {
  close = () => {};
  readonly ended = new Promise<void>((resolve) => {
    this.close = resolve;
  });
}

/** A run whose request stays open beyond its deadline. */
async function hang(subject: ConcurrencyLimit, name: string): Promise<Request> {
  const leave = await enter(subject, name);
  const request = new Request();
  subject.hold(name, request);
  leave();
  return request;
}

describe('the bound', () => {
  test('lets in so many, and the next one when one leaves, in order', async () => {
    const subject = limitOf(2);
    const first = await enter(subject);
    const second = await enter(subject);
    const order: string[] = [];
    const enterAs = async (name: string) => {
      const leave = await enter(subject, name);
      order.push(name);
      return leave;
    };
    const third = enterAs('third');
    const fourth = enterAs('fourth');
    await Promise.resolve();
    expect(order).toEqual([]);
    expect(subject.inside).toBe(2);
    first();
    (await third)();
    second();
    (await fourth)();
    expect(order).toEqual(['third', 'fourth']);
    expect(subject.inside).toBe(0);
  });

  test('leaving twice counts once', async () => {
    const subject = limitOf(2);
    const first = await enter(subject);
    await enter(subject);
    first();
    first();
    expect(subject.inside).toBe(1);
  });

  test('a requester that waits too long gets busy, and delays no other', async () => {
    const subject = limitOf(1);
    const leave = await enter(subject);
    const impatient = new AbortController();
    const waiting = subject.enter(requester('b'), impatient.signal);
    const patient = enter(subject, 'c');
    impatient.abort();
    expect(await waiting).toEqual(busy);
    leave();
    await expect(patient).resolves.toBeTypeOf('function');
  });

  test('who comes when it is too late is not let in', async () => {
    expect(await limitOf(1).enter(requester('a'), AbortSignal.abort())).toEqual(busy);
  });

  test('beyond a hundred waiting, the next is told busy at once', async () => {
    const subject = limitOf(1);
    await enter(subject);
    for (let waiting = 0; waiting < 100; waiting += 1) void subject.enter(requester('b'), never);
    expect(await subject.enter(requester('b'), never)).toEqual(busy);
  });
});

describe('an open request', () => {
  test('keeps its place until it ends', async () => {
    const subject = limitOf(1);
    const request = await hang(subject, 'a');
    expect(subject).toMatchObject({ inside: 0, open: 1 });
    const waiting = enter(subject, 'b');
    request.close();
    await expect(waiting).resolves.toBeTypeOf('function');
    expect(subject.open).toBe(0);
  });

  test('of four places leaves its workflow one more try, and no third', async () => {
    const subject = limitOf(4);
    const first = await hang(subject, 'a');
    await hang(subject, 'a');
    expect(subject.tryEnter(requester('a'))).toEqual(unanswered);
    first.close();
    await first.ended;
    expect(subject.tryEnter(requester('a'))).toMatchObject({ admitted: true });
  });

  test.each([1, 2, 3])('of %i places leaves its workflow no other try: the rest is for others', async (places) => {
    const subject = limitOf(places);
    await hang(subject, 'a');
    expect(subject.tryEnter(requester('a'))).toEqual(unanswered);
  });

  test('that made its workflow wait in vain is why it was not measured, not that others had the places', async () => {
    const subject = limitOf(4);
    await hang(subject, 'a');
    await enter(subject, 'b');
    await enter(subject, 'c');
    const impatient = new AbortController();
    const [own, other] = [
      subject.enter(requester('a'), impatient.signal),
      subject.enter(requester('d'), impatient.signal),
    ];
    impatient.abort();
    expect(await own).toEqual(unanswered);
    expect(await other).toEqual(busy);
  });
});

describe('the last place', () => {
  test('is the canary’s, also past those who wait for one', async () => {
    const subject = limitOf(3);
    await enter(subject, 'a');
    await enter(subject, 'b');
    void subject.enter(requester('c'), never);
    expect(subject.tryEnter(requester('c'))).toBeUndefined();
    await expect(enter(subject, 'canary')).resolves.toBeTypeOf('function');
  });

  test('is for requesters without an open request, if there is no canary', async () => {
    const subject = limitOf(4, false);
    await hang(subject, 'a');
    await enter(subject, 'b');
    await enter(subject, 'c');
    expect(subject.tryEnter(requester('a'))).toBeUndefined();
    expect(subject.tryEnter(requester('d'))).toMatchObject({ admitted: true });
  });

  test('is not kept where there are fewer than three', async () => {
    const subject = limitOf(2);
    await enter(subject, 'a');
    expect(subject.tryEnter(requester('b'))).toMatchObject({ admitted: true });
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 20])(
  'with %i places as many may hang as kop check says, and others still run',
  async (places) => {
    const hanging = hangsWithRoom(places);
    const subject = limitOf(places);
    const hangFully = async (name: string) => {
      for (;;) {
        const entry = subject.tryEnter(requester(name));
        if (entry?.admitted !== true) return;
        subject.hold(name, new Request());
        entry.leave();
      }
    };
    for (let count = 0; count < hanging; count += 1) await hangFully(`hangs-${count}`);
    expect(subject.tryEnter(requester('sound'))).toMatchObject({ admitted: true });
  },
);

test('a login holds a place, waits for none, and is not sent while two of its kind are open', async () => {
  const subject = limitOf(6);
  const leave = subject.accompany('');
  expect(subject.inside).toBe(1);
  leave?.();
  subject.hold('', new Request());
  expect(subject.accompany('')).toBeTypeOf('function');
  subject.hold('', new Request());
  expect(subject.accompany('')).toBeUndefined();
  expect(subject.tryEnter(requester('a'))).toMatchObject({ admitted: true });
});

test('changed limits hold for what waits, and what is open stays counted', async () => {
  const subject = limitOf(1);
  await hang(subject, 'a');
  const waiting = enter(subject, 'b');
  subject.configure({ maxInFlight: 4, abandonedAfterMs: 60_000 }, true);
  await expect(waiting).resolves.toBeTypeOf('function');
  expect(subject.open).toBe(1);
});
