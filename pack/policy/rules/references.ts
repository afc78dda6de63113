import type { KeyPath } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import type { JudgedShared } from '../../shared/rule.js';

/**
 * Every name that is used is described somewhere.
 *
 * @param known undefined when the section itself is broken, which has been said.
 */
export function check(
  { reporter }: Pick<JudgedShared, 'reporter'>,
  path: KeyPath,
  name: string,
  noun: string,
  known: readonly string[] | undefined,
): void {
  if (known === undefined || known.includes(name)) {
    return;
  }
  const section = `${noun}s`;
  const removedBy = reporter.removedBy([section, name]);
  if (removedBy === 'extends') {
    reporter.report(path, `an earlier file describes ${noun} '${name}', and extends: leaves its ${section} out`, {
      expected: `${section} in the list of extends:, or ${noun} '${name}' below ${section}: in this file`,
    });
    return;
  }
  if (removedBy === 'null') {
    reporter.report(path, `${noun} '${name}' was removed by a later file (null)`, {
      expected:
        known.length === 0 ? `another ${noun}, or no null there` : `one of ${known.join(', ')}, or no null there`,
    });
    return;
  }
  const expected = known.length === 0 ? `a ${noun} that is described` : `one of ${known.join(', ')}`;
  reporter.report(path, `unknown ${noun} '${name}'`, { expected, didYouMean: suggest(name, known) });
}
