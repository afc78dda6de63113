import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Gate } from '../../../../exporters/workflow-sla/gate.js';

const never = new AbortController().signal;
// A hundred wait for it in one of the tests.
setMaxListeners(0, never);

class Clock {
  ms = 1_000_000;
  readonly now = () => this.ms;
}

function gate(maxInFlight = 2) {
  const clock = new Clock();
  const limits = { maxInFlight, backoffInitialMs: 15_000, backoffMaxMs: 60_000 };
  return { clock, gate: new Gate(limits, clock.now) };
}

async function enter(subject: Gate) {
  const entry = await subject.enter(never);
  if (!entry.admitted) throw new Error(`refused: ${entry.reason}`);
  return entry.leave;
}

describe('the bound', () => {
  test('lets in so many, and the next one when one leaves, in order', async () => {
    const { gate: subject } = gate(2);
    const first = await enter(subject);
    const second = await enter(subject);
    const order: string[] = [];
    const enterAs = async (name: string) => {
      const leave = await enter(subject);
      order.push(name);
      return leave;
    };
    const third = enterAs('third');
    const fourth = enterAs('fourth');
    await Promise.resolve();
    expect(order).toEqual([]);
    expect(subject.inside).toBe(2);
    first(false);
    (await third)(false);
    second(false);
    (await fourth)(false);
    expect(order).toEqual(['third', 'fourth']);
    expect(subject.inside).toBe(0);
  });

  test('leaving twice counts once', async () => {
    const { gate: subject } = gate(2);
    const first = await enter(subject);
    await enter(subject);
    first(false);
    first(false);
    expect(subject.inside).toBe(1);
  });

  test('who waits too long is told busy, and holds nobody up', async () => {
    const { gate: subject } = gate(1);
    const leave = await enter(subject);
    const impatient = new AbortController();
    const waiting = subject.enter(impatient.signal);
    const patient = enter(subject);
    impatient.abort();
    expect(await waiting).toEqual({ admitted: false, reason: 'busy' });
    leave(false);
    await expect(patient).resolves.toBeTypeOf('function');
  });

  test('who comes when it is too late is not let in', async () => {
    const { gate: subject } = gate(1);
    expect(await subject.enter(AbortSignal.abort())).toEqual({ admitted: false, reason: 'busy' });
  });

  test('beyond a hundred waiting, the next is told busy at once', async () => {
    const { gate: subject } = gate(1);
    await enter(subject);
    for (let waiting = 0; waiting < 100; waiting += 1) void subject.enter(never);
    expect(await subject.enter(never)).toEqual({ admitted: false, reason: 'busy' });
  });
});

describe('back-off', () => {
  test('after a time-out nobody enters for a while, doubling up to the longest', async () => {
    const { gate: subject, clock } = gate();
    const rests: number[] = [];
    for (let timeout = 0; timeout < 4; timeout += 1) {
      (await enter(subject))(true);
      rests.push(subject.restMs);
      expect(await subject.enter(never)).toEqual({ admitted: false, reason: 'backoff' });
      clock.ms += subject.restMs;
    }
    expect(rests).toEqual([15_000, 30_000, 60_000, 60_000]);
  });

  test('then one run tries alone; when it ends well the gate is open again', async () => {
    const { gate: subject, clock } = gate(2);
    (await enter(subject))(true);
    clock.ms += 15_000;
    const trial = await enter(subject);
    let second = 'waits';
    void enter(subject).then(() => (second = 'entered'));
    await Promise.resolve();
    expect(second).toBe('waits');
    trial(false);
    await expect.poll(() => second).toBe('entered');
    await enter(subject);
    expect(subject.inside).toBe(2);
    expect(subject.restMs).toBe(0);
  });

  test('those who wait when it closes are turned away', async () => {
    const { gate: subject } = gate(1);
    const leave = await enter(subject);
    const waiting = subject.enter(never);
    leave(true);
    expect(await waiting).toEqual({ admitted: false, reason: 'backoff' });
  });

  test('runs that time out together tell of one trouble', async () => {
    const { gate: subject } = gate(3);
    const leaves = [await enter(subject), await enter(subject), await enter(subject)];
    for (const leave of leaves) leave(true);
    expect(subject.restMs).toBe(15_000);
  });

  test('a run from before that still ends well does not open it', async () => {
    const { gate: subject, clock } = gate(2);
    const slow = await enter(subject);
    (await enter(subject))(true);
    slow(false);
    expect(await subject.enter(never)).toEqual({ admitted: false, reason: 'backoff' });
    clock.ms += 15_000;
    (await enter(subject))(true);
    expect(subject.restMs).toBe(30_000);
  });
});
