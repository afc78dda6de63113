import type { Rule } from '../../domain.js';
import { check } from '../../policy/rules/references.js';
import { namesIn } from '../../reading/names.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** Every team, objective and portal of a workflow is described. */
export const references: Rule<ParsedWorkflow> = (judged) => {
  const { own, root } = judged;
  for (const [name, workflow] of Object.entries(own)) {
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
};
