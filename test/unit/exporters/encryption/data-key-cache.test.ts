import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DataKeyCache, dataKey } from '../../../../exporters/encryption/providers/data-key-cache.js';

const fresh = () => dataKey(randomBytes(32), randomBytes(60));

function cache(limits: { readonly lifetimeMs?: number; readonly maxUses?: number }) {
  const clock = { ms: 1000 };
  return { clock, kept: new DataKeyCache({ lifetimeMs: 300_000, maxUses: 1000, ...limits }, () => clock.ms) };
}

test('a data key is used for as long as it lives, and neither encrypts nor decrypts after that', () => {
  const { clock, kept } = cache({ lifetimeMs: 60_000 });
  const key = fresh();
  kept.use(key);
  clock.ms += 59_999;
  expect([kept.takeCurrent()?.id, kept.find(key.id)?.id]).toEqual([key.id, key.id]);
  clock.ms += 1;
  expect([kept.takeCurrent(), kept.find(key.id)]).toEqual([undefined, undefined]);
  const next = fresh();
  kept.use(next);
  expect(kept.takeCurrent()?.id).toBe(next.id);
});

test('a data key encrypts so often, the call that fetched it among them, and goes on decrypting', () => {
  const { kept } = cache({ maxUses: 3 });
  const key = fresh();
  kept.use(key);
  expect([1, 2, 3].map(() => kept.takeCurrent()?.id)).toEqual([key.id, key.id, undefined]);
  expect(kept.find(key.id)?.id).toBe(key.id);
});

test('the bytes that a key was made of are wiped, and no more keys are kept than are needed', () => {
  const bytes = randomBytes(32);
  dataKey(bytes, randomBytes(60));
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  const { kept } = cache({});
  const keys = Array.from({ length: 17 }, fresh);
  for (const key of keys) kept.add(key);
  expect(keys.filter(({ id }) => kept.find(id) !== undefined)).toEqual(keys.slice(1));
  kept.clear();
  expect(keys.filter(({ id }) => kept.find(id) !== undefined)).toEqual([]);
});
