import { describe, expect, it } from 'vitest';
import { badAfternoon } from '../../../demo/portal/bad-afternoon.js';
import { checkRule } from '../../../demo/portal/faults/rule.js';

describe('the bad afternoon', () => {
  it('is told in order and ends after its last step', () => {
    const times = badAfternoon.steps.map((step) => step.atSeconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(badAfternoon.endsAtSeconds);
  });

  it('breaks encryption in each way that it can be broken', () => {
    const kinds = badAfternoon.steps.flatMap(({ actions }) =>
      actions.flatMap((action) => ('set' in action ? [action.set.kind] : [])),
    );
    expect(kinds).toEqual(
      expect.arrayContaining([
        'key_service_slow',
        'key_service_unavailable',
        'plaintext_written',
        'nonce_reused',
        'ciphertext_swapped',
        'rotation_stalled',
      ]),
    );
  });

  it('sets only valid rules, and clears each of them', () => {
    const open = new Set<string>();
    for (const action of badAfternoon.steps.flatMap((step) => step.actions)) {
      if ('set' in action) {
        checkRule(action.set);
        open.add(action.set.id);
      } else {
        expect(open.delete(action.clear), `${action.clear} is cleared after it was set`).toBe(true);
      }
    }
    expect([...open]).toEqual([]);
  });
});
