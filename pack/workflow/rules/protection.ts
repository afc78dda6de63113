import type { Judged as JudgedBy, Rule } from '../../domain.js';
import { hiddenIn } from '../../portal/path-readings.js';
import { judgePath } from '../../portal/rules/protection.js';
import type { ParsedPortal } from '../../portal/schema/portal.js';
import { type KeyPath, keyText } from '../../reading/source-node.js';
import { isMutating } from '../methods.js';
import type { ParsedStep } from '../schema/step.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

type Judged = JudgedBy<ParsedWorkflow>;

/** No step does anything that the description of its portal forbids. */
export const protection: Rule<ParsedWorkflow> = (judged) => {
  const { own, shared, reporter } = judged;
  for (const [name, workflow] of Object.entries(own)) {
    for (const portalName of workflow.portals ?? Object.keys(shared.portals)) {
      const portal = shared.portals[portalName];
      if (portal === undefined) {
        continue;
      }
      if (workflow.authenticated && workflow.identity === undefined && portal.auth.kind === 'none') {
        reporter.report(['workflows', name, 'authenticated'], `portal '${portalName}' has no credentials to send`, {
          expected: `auth: on portal '${portalName}'`,
        });
      }
      workflow.steps.forEach((step, index) => {
        const path = ['workflows', name, 'steps', index];
        mutations(judged, step, path, portalName, portal);
        methodOverride(judged, step, path, portalName, portal);
        route(judged, step, path, portalName, portal);
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

/** Rails, Laravel and Symfony take the method from this field instead of from the request. */
function methodOverride(
  { reporter }: Judged,
  step: ParsedStep,
  path: KeyPath,
  portalName: string,
  portal: ParsedPortal,
): void {
  if (portal.allowMutations) {
    return;
  }
  const { json, form } = step.body ?? {};
  const places: readonly [KeyPath, object][] = [
    [['query'], step.query],
    [['body', 'form'], form ?? {}],
    [['body', 'json'], typeof json === 'object' && json !== null ? json : {}],
  ];
  for (const [place, fields] of places) {
    const field = Object.keys(fields).find((name) => name.toLowerCase() === '_method');
    if (field !== undefined) {
      reporter.report(
        [...path, ...place, field],
        `this field makes servers take another method than the step says, and portal '${portalName}' does not allow changes`,
        { expected: `the method in method:, or allowMutations: true on portal '${portalName}'` },
      );
    }
  }
}

function route(judged: Judged, step: ParsedStep, path: KeyPath, portalName: string, portal: ParsedPortal): void {
  const { reporter } = judged;
  const filled = step.path.replaceAll(/\{([^}]*)\}/g, (whole, variable: string) => {
    const value = portal.variables[variable];
    // The value of a reference is checked, and refused, when the step runs.
    if (value === undefined || value.includes(`\${`)) {
      return whole;
    }
    const hidden = hiddenIn(encodeURIComponent(value));
    if (hidden !== undefined && !(hidden.isSlash && portal.allowEncodedSlashes)) {
      const holds = hidden.isSlash ? 'a slash' : hidden.what;
      reporter.report(
        ['portals', portalName, 'variables', variable],
        `it holds ${holds}, which in ${keyText([...path, 'path'])} leads to another route`,
        {
          expected: hidden.isSlash
            ? `one segment, or allowEncodedSlashes: true on portal '${portalName}'`
            : 'one segment',
        },
      );
    }
    return encodeURIComponent(value);
  });
  if (hiddenIn(step.path)?.isSlash === true && !portal.allowEncodedSlashes) {
    reporter.report([...path, 'path'], 'holds an encoded slash or backslash, which many servers take for a slash', {
      expected: `another path, or allowEncodedSlashes: true on portal '${portalName}'`,
    });
  }
  judgePath(judged, filled, [...path, 'path'], portalName, portal);
}
