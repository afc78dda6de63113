import type { Part } from './secret.js';

const reference = /\$\{([^}]*)\}/g;
const kinds = /^(env|file):(.+)$/;

export type References = readonly Part[] | { readonly wrong: string };

/** Splits a text into literals and references `${env:NAME}` and `${file:path}`; reports an invalid reference. */
export function readReferences(text: string): References {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(reference)) {
    const [whole, inside = ''] = match;
    const part = readReference(inside);
    if (part === undefined) {
      return { wrong: whole };
    }
    if (match.index > end) {
      parts.push({ kind: 'text', text: text.slice(end, match.index) });
    }
    parts.push(part);
    end = match.index + whole.length;
  }
  const rest = text.slice(end);
  if (rest.includes(`\${`)) {
    return { wrong: rest.slice(rest.indexOf(`\${`)) };
  }
  return rest === '' ? parts : [...parts, { kind: 'text', text: rest }];
}

function readReference(inside: string): Part | undefined {
  const [, kind, target = ''] = kinds.exec(inside) ?? [];
  if (kind === 'env') {
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(target) ? { kind, name: target } : undefined;
  }
  return kind === 'file' ? { kind, path: target } : undefined;
}
