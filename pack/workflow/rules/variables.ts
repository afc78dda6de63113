import type { Judged, Rule } from '../../reading/rule.js';
import { type KeyPath, keyText } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import { nameOf } from '../../secrets/secret-places.js';
import { isSensitiveName } from '../../secrets/secret-shapes.js';
import type { ParsedStep } from '../schema/step.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** Every `{variable}` has a value by the time its step runs, on each portal of the workflow. */
export const variables: Rule = (judged) => {
  portalHeaders(judged);
  for (const [name, workflow] of Object.entries(judged.parsed.workflows)) {
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

/** They go out with the first step already, when nothing has been extracted. */
function portalHeaders({ parsed, reporter }: Judged): void {
  for (const [name, portal] of Object.entries(parsed.portals)) {
    const known = Object.keys(portal.variables);
    for (const { path, text } of textsIn(portal.headers, ['portals', name, 'headers'])) {
      for (const variable of new Set(variablesIn(text))) {
        if (!known.includes(variable)) {
          reporter.report(path, `${shown(path, variable)} is no variable of portal '${name}'`, {
            didYouMean: suggest(variable, known),
          });
        }
      }
    }
  }
}

interface Template {
  readonly path: KeyPath;
  readonly text: string;
}

function judgeTemplate(
  judged: Judged,
  workflow: ParsedWorkflow,
  template: Template,
  extracted: ReadonlySet<string>,
): void {
  const { parsed, reporter } = judged;
  const portals = (workflow.portals ?? Object.keys(parsed.portals)).flatMap((portal) => {
    const described = parsed.portals[portal];
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
      `${shown(template.path, variable)} is neither a variable of portal ${names} nor extracted by an earlier step`,
      { didYouMean: suggest(variable, known) },
    );
  }
}

/** A password does not become harmless by standing under another name. Cookies hold many things that are none. */
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

/** Under the name of a secret, what stands in braces may be one that its writer put there. */
function shown(path: KeyPath, variable: string): string {
  return isSensitiveName(nameOf(path)) ? 'what stands in braces' : `{${variable}}`;
}

function variablesIn(text: string): string[] {
  return [...text.matchAll(/\{([A-Za-z][A-Za-z0-9_]*)\}/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

function* templates(step: ParsedStep, path: KeyPath): Generator<Template> {
  yield { path: [...path, 'path'], text: step.path };
  yield* textsIn(step.query, [...path, 'query']);
  yield* textsIn(step.headers, [...path, 'headers']);
  yield* textsIn(step.body?.form, [...path, 'body', 'form']);
  yield* textsIn(step.body?.json, [...path, 'body', 'json']);
}

function* textsIn(value: unknown, path: KeyPath): Generator<Template> {
  if (typeof value === 'string') {
    yield { path, text: value };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* textsIn(item, [...path, index]);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      yield* textsIn(item, [...path, key]);
    }
  }
}
