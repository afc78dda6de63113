import type { Auth, Pack, Step } from '../model.js';
import { type KeyPath, keyText } from '../reading/source-node.js';
import { inside } from './inside.js';
import { SecretText } from './secret.js';
import { isLiteralSecret, wordsOf } from './secret-shapes.js';

/**
 * Values that stand in plain and may be secrets, although the names of their keys do not say so. Where a name does say
 * it, the value is refused.
 */
export function plainSecrets(pack: Pack): readonly string[] {
  const users = pack.portals.flatMap(({ name, auth, identities }) => [
    ...ofLogin(['portals', name, 'auth'], auth),
    ...Object.entries(identities).flatMap(([user, login]) => ofLogin(['portals', name, 'identities', user], login)),
  ]);
  const steps = pack.workflows.flatMap((workflow) =>
    workflow.steps.flatMap((step, index) => [...textsOf(step, ['workflows', workflow.name, 'steps', index])]),
  );
  return [...users, ...steps.flatMap(([path, text]) => innerSecret(path, text))];
}

type Written = readonly [path: KeyPath, text: string];

function ofLogin(path: KeyPath, auth: Auth): string[] {
  const all = [...fieldsOf(auth, path)];
  const literals = all.flatMap(([place, text]): Written[] => (text.isSecret ? [] : [[place, text.reveal()]]));
  // Somewhere there must be the password.
  const hasReference = literals.length < all.length;
  return literals.flatMap(([place, text]) => {
    const name = String(place.at(-1));
    const inner = innerSecret(place, text);
    if (inner.length > 0 || isSetting(name, text) || (hasReference && isPlainWord(text))) return inner;
    return [
      `${keyText(place)} stands in plain, and its name does not tell whether it is a secret; if it is, write a reference ` +
        `such as \${env:NAME} or \${file:path}.`,
    ];
  });
}

function* fieldsOf(auth: Auth, path: KeyPath): Generator<readonly [KeyPath, SecretText]> {
  const sections: (readonly [KeyPath, Readonly<Record<string, SecretText>>])[] = [];
  if (auth.kind === 'login') {
    sections.push([[...path, 'fields'], auth.fields]);
    if (auth.secondStep !== undefined) sections.push([[...path, 'secondStep', 'fields'], auth.secondStep.fields]);
  } else if (auth.kind === 'form' || auth.kind === 'oidc') {
    for (const [index, form] of auth.forms.entries()) sections.push([[...path, 'forms', index, 'fields'], form.fields]);
  }
  for (const [place, fields] of sections) {
    for (const [name, text] of Object.entries(fields)) yield [[...place, name], text];
  }
}

/** Who somebody is, and how a form is sent. */
function isSetting(name: string, text: string): boolean {
  return (
    wordsOf(name).some((word) =>
      /^(user(name|id)?|e?mail|login(name)?|account|type|remember|tenant|realm|scope)$/.test(word),
    ) || /^(true|false|on|off|yes|no|\d)$/.test(text)
  );
}

function isPlainWord(text: string): boolean {
  return /^[\p{L} ._-]{1,40}$|^\d{1,3}$/u.test(text);
}

function innerSecret(path: KeyPath, text: string): string[] {
  const found = [...inside(text)].find(({ name, value }) => isLiteralSecret(name, value));
  return found === undefined
    ? []
    : [
        `${keyText(path)} holds '${found.name}' with a value in plain; if it is a secret, write a reference in its place.`,
      ];
}

function* textsOf(step: Step, path: KeyPath): Generator<Written> {
  yield* textsIn(step.query, [...path, 'query']);
  yield* textsIn(step.headers, [...path, 'headers']);
  if (step.body?.kind === 'form') yield* textsIn(step.body.fields, [...path, 'body', 'form']);
  if (step.body?.kind === 'json') yield* textsIn(step.body.value, [...path, 'body', 'json']);
}

function* textsIn(value: unknown, path: KeyPath): Generator<Written> {
  if (typeof value === 'string') yield [path, value];
  else if (value instanceof SecretText) yield* literalsOf(value, path);
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsIn(item, [...path, index]);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* textsIn(item, [...path, key]);
  }
}

/** Around references; an empty variable in the place of each, as if it were one of ours. */
function* literalsOf(text: SecretText, path: KeyPath): Generator<Written> {
  yield [path, text.parts.map((part) => (part.kind === 'text' ? part.text : '{reference}')).join('')];
}
