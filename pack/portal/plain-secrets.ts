import { type KeyPath, keyText } from '../reading/source-node.js';
import { innerSecret, type WrittenText } from '../secrets/plain-secrets.js';
import type { SecretText } from '../secrets/secret.js';
import { wordsOf } from '../secrets/secret-shapes.js';
import type { Auth, Portal } from './model.js';

/** Fields of logins that stand in plain and may be secrets. */
export function plainSecretsOfLogins({ name, auth, identities }: Portal): readonly string[] {
  return [
    ...ofLogin(['portals', name, 'auth'], auth),
    ...Object.entries(identities).flatMap(([user, login]) => ofLogin(['portals', name, 'identities', user], login)),
  ];
}

function ofLogin(path: KeyPath, auth: Auth): string[] {
  const all = [...fieldsOf(auth, path)];
  const literals = all.flatMap(([place, text]): WrittenText[] => (text.isSecret ? [] : [[place, text.reveal()]]));
  // There must be a password somewhere.
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

/** Names of users, and fields that control how a form is sent. */
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
