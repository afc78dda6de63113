import { dirname, resolve } from 'node:path';
import { readReferences } from '../references.js';
import type { Reporter } from '../reporter.js';
import { type Part, SecretText, SecretUnavailable } from '../secret.js';
import { isDatabaseUrl, isSecretPlace, mustBeReference } from '../secret-places.js';
import type { KeyPath, MapNode, ScalarNode, SourceNode } from '../source-node.js';

/** Whether what references stand for must be at hand: everywhere, nowhere, or in these sections. */
export type RequireSecrets = boolean | readonly string[];

/**
 * Secrets come by reference, and only where they belong. Looks at what was written and not at what was parsed, so
 * that a misplaced reference is called by its name whatever else is wrong with it.
 */
export function judgeSecrets(root: MapNode, reporter: Reporter, requireSecrets: RequireSecrets): void {
  for (const [path, node] of scalars(root, [])) {
    if (typeof node.value !== 'string') {
      continue;
    }
    if (!isSecretPlace(path)) {
      judgePlain(path, node.value, reporter);
    } else {
      judgeSecret(path, node.value, node, reporter, isRequired(path, requireSecrets));
    }
  }
}

function isRequired(path: KeyPath, requireSecrets: RequireSecrets): boolean {
  return typeof requireSecrets === 'boolean' ? requireSecrets : requireSecrets.includes(String(path[0]));
}

function judgePlain(path: KeyPath, text: string, reporter: Reporter): void {
  if (text.includes(`\${`)) {
    reporter.report(path, `references such as \${env:NAME} are not read here`, {
      expected:
        path[0] === 'auditTrails'
          ? 'a plain value; references belong in url:, password:, key: and the credentials of anchors'
          : 'a plain value; references belong in the fields of auth: and in the values of headers:',
      settles: true,
    });
  }
}

function judgeSecret(path: KeyPath, text: string, node: ScalarNode, reporter: Reporter, requireSecrets: boolean): void {
  const parts = readReferences(text);
  if ('wrong' in parts) {
    reporter.report(path, 'this reference cannot be read', {
      expected: `\${env:NAME} or \${file:path}`,
      settles: true,
    });
    return;
  }
  const references = parts.filter((part) => part.kind !== 'text');
  if (references.length === 0 && mustBeReference(path)) {
    reporter.report(path, 'a secret stands in the configuration', {
      expected: `a reference such as \${env:NAME} or \${file:path}`,
      settles: true,
    });
  }
  if (isDatabaseUrl(path) && parts.some((part) => part.kind === 'text' && holdsPassword(part.text))) {
    reporter.report(path, 'a password stands in the configuration', {
      expected: `a URL without one and password: \${env:NAME} beside it, or a reference to the whole URL`,
      settles: true,
    });
  }
  for (const part of requireSecrets ? references : []) {
    const missing = unavailable(part, dirname(node.at.file));
    if (missing !== undefined) {
      reporter.report(path, missing, { secretMissing: true });
    }
  }
}

/** `//user:password@`, or the `password=` that drivers accept as well. */
function holdsPassword(text: string): boolean {
  return /\/\/[^/@]*:[^/@]+@/.test(text) || /[?&](ssl)?password=./i.test(text);
}

function unavailable(part: Part, folder: string): string | undefined {
  const found = part.kind === 'file' ? { ...part, path: resolve(folder, part.path) } : part;
  try {
    new SecretText([found]).reveal();
    return undefined;
  } catch (error) {
    if (error instanceof SecretUnavailable) {
      return error.message;
    }
    throw error;
  }
}

function* scalars(node: SourceNode, path: KeyPath): Generator<readonly [KeyPath, ScalarNode]> {
  switch (node.kind) {
    case 'scalar':
      yield [path, node];
      break;
    case 'list':
      for (const [index, item] of node.items.entries()) {
        yield* scalars(item, [...path, index]);
      }
      break;
    case 'map':
      for (const [key, entry] of node.entries) {
        yield* scalars(entry.node, [...path, key]);
      }
  }
}
