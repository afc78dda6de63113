import type { Judged, Rule } from '../../domain.js';
import type { KeyPath } from '../../reading/source-node.js';
import type { ParsedStep } from '../schema/step.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** Each step has a unique name, and can succeed. */
export const steps: Rule<ParsedWorkflow> = (judged) => {
  for (const [name, workflow] of Object.entries(judged.own)) {
    const names = new Map<string, number>();
    workflow.steps.forEach((step, index) => {
      const path = ['workflows', name, 'steps', index];
      const earlier = names.get(step.name);
      if (earlier === undefined) {
        names.set(step.name, index);
      } else {
        judged.reporter.report([...path, 'name'], `step '${step.name}' was already described as steps[${earlier}]`, {
          expected: 'a name of its own',
        });
      }
      bodies(judged, step, path);
    });
  }
};

function bodies({ reporter }: Judged<ParsedWorkflow>, step: ParsedStep, path: KeyPath): void {
  if (step.body !== undefined && (step.method === 'GET' || step.method === 'HEAD')) {
    reporter.report([...path, 'body'], `a ${step.method} request carries no body`, {
      atKey: true,
      expected: 'another method, such as POST, or query:',
    });
  }
  const { json, bodyMatches, minSize } = step.expect;
  if (step.method === 'HEAD' && (json.length > 0 || bodyMatches.length > 0 || minSize !== undefined)) {
    reporter.report([...path, 'method'], 'the answer to HEAD has no body to check', {
      expected: 'GET, or no such conditions',
    });
  }
  if (minSize !== undefined && minSize > step.maxBody) {
    reporter.report([...path, 'expect', 'minSize'], 'a body of this size is never read to its end', {
      expected: 'no more than maxBody:',
    });
  }
}
