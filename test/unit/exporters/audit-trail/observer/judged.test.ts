import { expect, test } from 'vitest';
import { unexplainedSoFar } from '../../../../../exporters/audit-trail/observer/judged.js';
import { newMemory } from '../../../../../exporters/audit-trail/observer/memory.js';

test('what was judged is still said while counters cannot be seen', () => {
  const memory = { ...newMemory('trail'), judged: { records_mutated: 3 } };
  expect(unexplainedSoFar(memory)).toEqual({ records_mutated: 3 });
});
