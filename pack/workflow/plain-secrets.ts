import type { KeyPath } from '../reading/source-node.js';
import { innerSecret, textsIn, type WrittenText } from '../secrets/plain-secrets.js';
import type { Step, Workflow } from './model.js';

/** Texts of steps that stand in plain and may hold secrets. */
export function plainSecretsOfSteps({ name, steps }: Workflow): readonly string[] {
  return steps
    .flatMap((step, index) => [...textsOf(step, ['workflows', name, 'steps', index])])
    .flatMap(([path, text]) => innerSecret(path, text));
}

function* textsOf(step: Step, path: KeyPath): Generator<WrittenText> {
  yield* textsIn(step.query, [...path, 'query']);
  yield* textsIn(step.headers, [...path, 'headers']);
  if (step.body?.kind === 'form') yield* textsIn(step.body.fields, [...path, 'body', 'form']);
  if (step.body?.kind === 'json') yield* textsIn(step.body.value, [...path, 'body', 'json']);
}
