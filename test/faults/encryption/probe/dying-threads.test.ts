import { describe, expect, test } from 'vitest';
import type { FieldEncryption } from '../../../../pack/encryption/model.js';
import { fieldEncryption, somePortal } from '../../../support/encryption/domain.js';
import { exporterOf, sabotage, total } from '../../../support/encryption/exporter.js';

const portals = [somePortal('http://127.0.0.1:1')];
const met = 'field_encryption_operations_total';

function locals(...names: readonly string[]): FieldEncryption[] {
  return [fieldEncryption(names.map((name) => ({ kind: 'local', name })))];
}

describe('when the thread of a provider', () => {
  test.each([
    ['ends', 'exit', 'it ended by itself'],
    ['throws', 'throw', 'kaputt'],
  ] as const)(
    '%s, that one leaves the page, the others stay, and it comes back with its counts',
    async (_, act, why) => {
      const { configure, start, series, problem, exporter, logs } = exporterOf({ sabotage: true });
      await configure(locals('one', 'two'), portals);
      await start();
      const metBy = async (provider: string) => total(await series(), met, { outcome: 'met', provider });
      await expect
        .poll(async () => Math.min((await metBy('one')) ?? 0, (await metBy('two')) ?? 0), { timeout: 10_000 })
        .toBeGreaterThan(0);
      expect(await problem()).toBeUndefined();
      const before = (await metBy('one')) ?? 0;

      await sabotage('one', act);
      await expect.poll(problem, { timeout: 5000 }).toContain(why);
      expect(await metBy('one')).toBeUndefined();
      expect(await metBy('two')).toBeGreaterThan(0);
      expect(exporter.ready()).toMatchObject({ ready: false, reason: expect.stringContaining(why) });
      // It is dead as soon as it says why, and started again when it has ended.
      await expect.poll(() => logs.join(''), { timeout: 5000 }).toContain('a measuring thread died; starting it again');

      await expect.poll(problem, { timeout: 10_000 }).toBeUndefined();
      await expect.poll(() => metBy('one'), { timeout: 10_000 }).toBeGreaterThan(before);
    },
  );

  test('falls silent, it counts as dead, is ended, and starts again', async () => {
    // Well above the pulse of one second, or on a busy machine the others would be silent between two.
    const { configure, start, series, problem, logs } = exporterOf({ sabotage: true, silenceMs: 3000 });
    await configure(locals('one', 'two'), portals);
    await start();
    await expect
      .poll(series, { timeout: 10_000 })
      .toSatisfy((now) => (total(now, met, { provider: 'one', outcome: 'met' }) ?? 0) > 0);
    await sabotage('one', 'block');
    await expect.poll(problem, { timeout: 10_000 }).toContain('silent');
    expect(total(await series(), met, { provider: 'two' })).toBeGreaterThan(0);
    await expect.poll(() => logs.join(''), { timeout: 10_000 }).toContain('and was ended');
    await expect.poll(problem, { timeout: 10_000 }).toBeUndefined();
  });

  test('computes without a pause for longer than it may be silent, it is measured, and not ended', async () => {
    const { configure, start, series, problem, logs } = exporterOf({ silenceMs: 3000 });
    // Half of the interval: a round of five seconds, of which every operation blocks.
    const probe = { intervalMs: 10_000, timeoutMs: 2000, samples: 1_000_000, sizesBytes: [1_048_576] };
    await configure([fieldEncryption([{ kind: 'local', name: 'aes' }], { probe })], portals);
    await start();
    const metBy = async () => total(await series(), met, { outcome: 'met' }) ?? 0;
    const seen: unknown[] = [];
    await expect
      .poll(
        async () => {
          seen.push(await problem());
          return metBy();
        },
        { timeout: 25_000, interval: 200 },
      )
      .toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([undefined]));
    expect(logs.join('')).not.toContain('a measuring thread died');
  });
});
