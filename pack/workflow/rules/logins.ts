import type { Judged, Rule } from '../../domain.js';
import { type KeyPath, nodeAt } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** Every workflow runs as somebody whom its portals know. */
export const logins: Rule<ParsedWorkflow> = (judged) => {
  for (const [name, workflow] of Object.entries(judged.own)) {
    identity(judged, workflow, ['workflows', name]);
  }
};

function identity({ shared, root, reporter }: Judged<ParsedWorkflow>, workflow: ParsedWorkflow, path: KeyPath): void {
  const wanted = workflow.identity;
  if (wanted === undefined) {
    return;
  }
  const place = [...path, 'identity'];
  const said = nodeAt(root, [...path, 'authenticated']);
  if (said?.kind === 'scalar' && said.value === false) {
    reporter.report([...path, 'authenticated'], `the workflow runs as '${wanted}', and so sends credentials`, {
      expected: 'authenticated: true, or no identity:',
    });
  }
  for (const name of workflow.portals ?? Object.keys(shared.portals)) {
    const portal = shared.portals[name];
    const known = Object.keys(portal?.identities ?? {});
    if (portal === undefined || known.includes(wanted)) {
      continue;
    }
    reporter.report(place, `portal '${name}' has no identity '${wanted}'`, {
      expected: known.length === 0 ? `identities: on portal '${name}'` : `one of ${known.join(', ')}`,
      didYouMean: suggest(wanted, known),
    });
  }
}
