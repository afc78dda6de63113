import { dirname, resolve } from 'node:path';
import type { Reporter } from '../reading/reporter.js';
import { type KeyPath, keyText, type MapNode, type ScalarNode, type SourceNode } from '../reading/source-node.js';
import { readReferences } from './references.js';
import { type Part, SecretText, SecretUnavailable, unsetVariables } from './secret.js';
import { ofUser, type SecretPlaces } from './secret-places.js';
import { secretShape, secretShapeInPath } from './secret-shapes.js';

/** Whether the values of references must be available: everywhere, nowhere, or in these sections. */
export type RequireSecrets = boolean | readonly string[];

export interface SecretRules {
  readonly places: SecretPlaces;
  readonly requireSecrets: RequireSecrets;
  /** An entry whose address is named by an unset variable is taken for one that is not connected yet. */
  readonly allowUnconnected: boolean;
}

const aReference = { expected: `a reference such as \${env:NAME} or \${file:path}`, settles: true } as const;

/**
 * Secrets are given by reference, and only where references are read. This checks what was written and not what was
 * parsed, so that a misplaced reference is reported as such even if something else is wrong with it.
 */
export function judgeSecrets(root: MapNode, reporter: Reporter, rules: SecretRules): void {
  const { places } = rules;
  const all = [...scalars(root, [])];
  const unconnected = rules.allowUnconnected ? unconnectedEntries(all, places) : new Set<string>();
  for (const [path, node] of all) {
    if (typeof node.value === 'number' && places.isSecretHere(path, node.value)) {
      reporter.report(path, 'a secret stands in the configuration', aReference);
    }
    if (typeof node.value !== 'string') {
      continue;
    }
    if (!places.has(path)) {
      judgePlain(path, node.value, reporter, places);
    } else {
      const isAsked = !unconnected.has(entryOf(path)) && isRequired(path, rules.requireSecrets);
      judgeSecret(path, node.value, node, reporter, places, isAsked);
    }
  }
}

/** An unset variable means "not set up yet"; an unreadable file is a mistake. */
function unconnectedEntries(
  all: readonly (readonly [KeyPath, ScalarNode])[],
  places: SecretPlaces,
): ReadonlySet<string> {
  return new Set(
    all
      .filter(([path, { value }]) => places.isAddress(path) && typeof value === 'string' && namesUnsetVariable(value))
      .map(([path]) => entryOf(path)),
  );
}

/** `auditTrails.kingston`, for whatever stands below it. */
function entryOf(path: KeyPath): string {
  return keyText(path.slice(0, 2));
}

function namesUnsetVariable(text: string): boolean {
  const parts = readReferences(text);
  return !('wrong' in parts) && unsetVariables(parts).length > 0;
}

function isRequired(path: KeyPath, requireSecrets: RequireSecrets): boolean {
  return typeof requireSecrets === 'boolean' ? requireSecrets : requireSecrets.includes(String(path[0]));
}

function judgePlain(path: KeyPath, text: string, reporter: Reporter, places: SecretPlaces): void {
  if (text.includes(`\${`)) {
    reporter.report(path, `references such as \${env:NAME} are not read here`, {
      expected: `a plain value; references belong in ${places.describedFor(path)}`,
      settles: true,
    });
    return;
  }
  const shape = places.isRequestPath(path) ? secretShapeInPath(text) : undefined;
  if (shape !== undefined) {
    reporter.report(path, `${shape} stands in the configuration`, {
      expected: 'a {variable}, whose value in variables: is a reference',
      confidential: true,
      settles: true,
    });
  }
}

/** Names that identify a user but do not authenticate it. Client ids look random because machines create them. */
function isPublicName(path: KeyPath): boolean {
  const key = path.at(-1);
  return ofUser(path)?.length === 1 && (key === 'clientId' || key === 'username');
}

function literalShape(parts: readonly Part[]): string | undefined {
  return parts.map((part) => (part.kind === 'text' ? secretShape(part.text) : undefined)).find((shape) => shape);
}

function judgeSecret(
  path: KeyPath,
  text: string,
  node: ScalarNode,
  reporter: Reporter,
  places: SecretPlaces,
  isAsked: boolean,
): void {
  const parts = readReferences(text);
  if ('wrong' in parts) {
    reporter.report(path, 'this reference cannot be read', {
      expected: `\${env:NAME} or \${file:path}`,
      settles: true,
    });
    return;
  }
  const references = parts.filter((part) => part.kind !== 'text');
  if (references.length === 0 && places.isSecretHere(path, text)) {
    reporter.report(path, 'a secret stands in the configuration', aReference);
  }
  const shape = !places.hasOurKeys(path) && !isPublicName(path) ? literalShape(parts) : undefined;
  if (shape !== undefined) {
    reporter.report(path, `${shape} stands in the configuration`, aReference);
  }
  if (places.isDatabaseUrl(path) && parts.some((part) => part.kind === 'text' && holdsPassword(part.text))) {
    reporter.report(path, 'a password stands in the configuration', {
      expected: `a URL without one and password: \${env:NAME} beside it, or a reference to the whole URL`,
      settles: true,
    });
  }
  for (const part of isAsked ? references : []) {
    const missing = unavailable(part, dirname(node.at.file));
    if (missing !== undefined) {
      reporter.report(path, missing, { secretMissing: true });
    }
  }
}

/** `//user:password@`, or the `password=` that drivers also accept. */
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
