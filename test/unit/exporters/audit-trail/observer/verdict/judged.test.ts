import { expect, test } from 'vitest';
import { newMemory } from '../../../../../../exporters/audit-trail/observer/memory.js';
import { unexplainedSoFar } from '../../../../../../exporters/audit-trail/observer/verdict/judged.js';

test('what was judged is still said while counters cannot be seen', () => {
  const memory = { ...newMemory('trail').checks.counters, judged: { records_mutated: 3 } };
  expect(unexplainedSoFar(memory)).toEqual({ records_mutated: 3 });
});
