import type { KeyPath } from '../../reading/source-node.js';
import type { JudgedShared, SharedRule } from '../../shared/rule.js';
import { forbiddenBy } from '../paths.js';
import type { ParsedPortal } from '../schema/portal.js';
import { pathsOf, usersOf } from './users.js';

/** No login does to a portal what its description forbids. */
export const protectionOfPortals: SharedRule = (judged) => {
  for (const [name, portal] of Object.entries(judged.shared.portals)) {
    for (const { path, auth } of usersOf(name, portal)) {
      for (const [place, written] of pathsOf(auth)) {
        judgePath(judged, written, [...path, ...place], name, portal);
      }
    }
  }
};

/** Reports a path that the portal forbids. */
export function judgePath(
  { reporter }: Pick<JudgedShared, 'reporter'>,
  filled: string,
  path: KeyPath,
  portalName: string,
  portal: ParsedPortal,
): void {
  const pattern = forbiddenBy(filled, portal);
  if (pattern !== undefined) {
    reporter.report(path, `portal '${portalName}' forbids this path by neverProbe: ${pattern}`, {
      expected: 'another path',
    });
  }
}
