import { type Judged, namesIn, type Rule } from '../../reading/rule.js';
import type { KeyPath } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import { holidayTableNames } from '../holidays/tables.js';

/** Every name that is used is described somewhere. */
export const references: Rule = (judged) => {
  const { parsed, root } = judged;
  for (const [name, workflow] of Object.entries(parsed.workflows)) {
    const path = ['workflows', name];
    check(judged, [...path, 'team'], workflow.team, 'team', namesIn(root, 'teams'));
    check(judged, [...path, 'objective'], workflow.objective, 'objective', namesIn(root, 'objectives'));
    workflow.portals?.forEach((portal, index) => {
      check(judged, [...path, 'portals', index], portal, 'portal', namesIn(root, 'portals'));
      if (workflow.portals?.indexOf(portal) !== index) {
        judged.reporter.report([...path, 'portals', index], `portal '${portal}' is named twice`);
      }
    });
  }
  for (const [name, calendar] of Object.entries(parsed.calendars)) {
    if (calendar.holidays !== undefined) {
      check(judged, ['calendars', name, 'holidays'], calendar.holidays, 'table of holidays', holidayTableNames);
    }
  }
};

/** @param known undefined when the section itself is broken, which has been said. */
export function check(
  { reporter }: Judged,
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
