import { isMutating } from '../methods.js';
import { forbiddenBy } from '../paths.js';
import type { ParsedPortal } from '../schema/portal.js';
import type { ParsedStep } from '../schema/step.js';
import type { KeyPath } from '../source-node.js';
import type { Judged, Rule } from './rule.js';

/** No step does to a portal what its description forbids. */
export const protection: Rule = (judged) => {
  const { parsed, reporter } = judged;
  for (const [name, workflow] of Object.entries(parsed.workflows)) {
    for (const portalName of workflow.portals ?? Object.keys(parsed.portals)) {
      const portal = parsed.portals[portalName];
      if (portal === undefined) {
        continue;
      }
      if (workflow.authenticated && portal.auth.kind === 'none') {
        reporter.report(['workflows', name, 'authenticated'], `portal '${portalName}' has no credentials to send`, {
          expected: `auth: on portal '${portalName}'`,
        });
      }
      workflow.steps.forEach((step, index) => {
        const path = ['workflows', name, 'steps', index];
        mutations(judged, step, path, portalName, portal);
        neverProbe(judged, step, path, portalName, portal);
      });
    }
  }
};

function mutations(
  { reporter }: Judged,
  step: ParsedStep,
  path: KeyPath,
  portalName: string,
  portal: ParsedPortal,
): void {
  if (portal.allowMutations || !(step.mutates ?? isMutating(step.method))) {
    return;
  }
  const said = step.mutates === undefined ? 'method' : 'mutates';
  reporter.report([...path, said], `step '${step.name}' changes data, which portal '${portalName}' does not allow`, {
    expected: `mutates: false where the step only reads, or allowMutations: true on portal '${portalName}'`,
  });
}

function neverProbe(
  { reporter }: Judged,
  step: ParsedStep,
  path: KeyPath,
  portalName: string,
  portal: ParsedPortal,
): void {
  const filled = step.path.replaceAll(/\{([^}]*)\}/g, (whole, variable: string) => {
    const value = portal.variables[variable];
    // What a reference stands for is seen, and refused, when the step runs.
    return value === undefined || value.includes(`\${`) ? whole : encodeURIComponent(value);
  });
  const pattern = forbiddenBy(filled, portal);
  if (pattern !== undefined) {
    reporter.report([...path, 'path'], `portal '${portalName}' forbids this path by neverProbe: ${pattern}`, {
      expected: 'another path',
    });
  }
}
