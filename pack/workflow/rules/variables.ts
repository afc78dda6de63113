import type { Judged as JudgedBy, Rule } from '../../domain.js';
import { shownVariable, type Template, templatesIn, variablesIn } from '../../portal/variables.js';
import { type KeyPath, keyText } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import { nameOf } from '../../secrets/secret-places.js';
import { isSensitiveName } from '../../secrets/secret-shapes.js';
import type { ParsedStep } from '../schema/step.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

type Judged = JudgedBy<ParsedWorkflow>;

/** Every `{variable}` has a value by the time its step runs, on each portal of the workflow. */
export const variables: Rule<ParsedWorkflow> = (judged) => {
  for (const [name, workflow] of Object.entries(judged.own)) {
    const extracted = new Set<string>();
    workflow.steps.forEach((step, index) => {
      for (const template of templates(step, ['workflows', name, 'steps', index])) {
        judgeTemplate(judged, workflow, template, extracted);
      }
      for (const variable of Object.keys(step.extract)) {
        extracted.add(variable);
      }
    });
  }
};

function judgeTemplate(
  judged: Judged,
  workflow: ParsedWorkflow,
  template: Template,
  extracted: ReadonlySet<string>,
): void {
  const { shared, reporter } = judged;
  const portals = (workflow.portals ?? Object.keys(shared.portals)).flatMap((portal) => {
    const described = shared.portals[portal];
    return described === undefined ? [] : [{ portal, variables: described.variables }];
  });
  for (const variable of new Set(variablesIn(template.text))) {
    for (const { portal, variables: known } of extracted.has(variable) ? [] : portals) {
      secretInPlain(judged, template, portal, variable, known[variable]);
    }
    const without = portals.filter(
      ({ variables: known }) => !Object.hasOwn(known, variable) && !extracted.has(variable),
    );
    if (without.length === 0) {
      continue;
    }
    const known = [...extracted, ...without.flatMap(({ variables: names }) => Object.keys(names))];
    const names = without.map(({ portal }) => `'${portal}'`).join(' and ');
    reporter.report(
      template.path,
      `${shownVariable(template.path, variable)} is neither a variable of portal ${names} nor extracted by an earlier step`,
      { didYouMean: suggest(variable, known) },
    );
  }
}

/**
 * A password stays a secret under another name. Cookies are left out, because most of their values are not passwords.
 */
function secretInPlain(
  { reporter }: Judged,
  { path }: Template,
  portal: string,
  variable: string,
  value: string | undefined,
): void {
  const name = nameOf(path);
  if (value === undefined || value.includes(`\${`) || !isSensitiveName(name) || /cookie/i.test(name)) {
    return;
  }
  reporter.report(['portals', portal, 'variables', variable], `it fills ${keyText(path)}, which holds a secret`, {
    expected: `a reference such as \${env:NAME} or \${file:path}`,
    settles: true,
  });
}

function* templates(step: ParsedStep, path: KeyPath): Generator<Template> {
  yield { path: [...path, 'path'], text: step.path };
  yield* templatesIn(step.query, [...path, 'query']);
  yield* templatesIn(step.headers, [...path, 'headers']);
  yield* templatesIn(step.body?.form, [...path, 'body', 'form']);
  yield* templatesIn(step.body?.json, [...path, 'body', 'json']);
}
