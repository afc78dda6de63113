import { describe, expect, it } from 'vitest';
import { atLeast, plainNumber, promql } from '../../../alert-rules/src/promql.js';

describe('promql', () => {
  it('takes the common indentation away', () => {
    expect(promql`
      a
        / b
    `).toBe('a\n  / b');
  });

  it('indents an expression to where it stands', () => {
    expect(promql`
      sum(
        ${'a\nor\nb'}
      )
    `).toBe('sum(\n  a\n  or\n  b\n)');
  });

  it('keeps to the line of the expression that it continues', () => {
    expect(promql`
      x
        * (${'a\nor\nb'})
    `).toBe('x\n  * (a\n  or\n  b)');
  });
});

it('prints numbers without the noise of binary fractions', () => {
  expect(plainNumber(0.1 + 0.2)).toBe('0.3');
  expect(plainNumber(14.4)).toBe('14.4');
  expect(plainNumber(1800)).toBe('1800');
});

it('compares extrapolated counts half way between two whole numbers', () => {
  expect(atLeast(3)).toBe('> 2.5');
});
