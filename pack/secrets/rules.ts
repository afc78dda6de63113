import { dirname, resolve } from 'node:path';
import type { Reporter } from '../reading/reporter.js';
import type { KeyPath, MapNode, ScalarNode, SourceNode } from '../reading/source-node.js';
import { readReferences } from './references.js';
import { type Part, SecretText, SecretUnavailable, unsetVariables } from './secret.js';
import { isDatabaseUrl, isSecretHere, isSecretPlace, ofUser } from './secret-places.js';
import { secretShape, secretShapeInPath } from './secret-shapes.js';

/** Whether what references stand for must be at hand: everywhere, nowhere, or in these sections. */
export type RequireSecrets = boolean | readonly string[];

export interface SecretRules {
  readonly requireSecrets: RequireSecrets;
  /** An audit trail whose database is named by an unset variable is taken for one that is not connected yet. */
  readonly allowUnconnected: boolean;
}

const aReference = { expected: `a reference such as \${env:NAME} or \${file:path}`, settles: true } as const;

/**
 * Secrets come by reference, and only where they belong. Looks at what was written and not at what was parsed, so
 * that a misplaced reference is called by its name whatever else is wrong with it.
 */
export function judgeSecrets(root: MapNode, reporter: Reporter, rules: SecretRules): void {
  const all = [...scalars(root, [])];
  const unconnected = rules.allowUnconnected ? unconnectedTrails(all) : new Set<unknown>();
  for (const [path, node] of all) {
    if (typeof node.value === 'number' && isSecretHere(path, node.value)) {
      reporter.report(path, 'a secret stands in the configuration', aReference);
    }
    if (typeof node.value !== 'string') {
      continue;
    }
    if (!isSecretPlace(path)) {
      judgePlain(path, node.value, reporter);
    } else {
      const isWaived = path[0] === 'auditTrails' && unconnected.has(path[1]);
      judgeSecret(path, node.value, node, reporter, !isWaived && isRequired(path, rules.requireSecrets));
    }
  }
}

/** Only an unset variable means that nobody has got round to it; an unreadable file is a mistake. */
function unconnectedTrails(all: readonly (readonly [KeyPath, ScalarNode])[]): ReadonlySet<unknown> {
  return new Set(
    all
      .filter(([path, { value }]) => isTrailAddress(path) && typeof value === 'string' && namesUnsetVariable(value))
      .map(([path]) => path[1]),
  );
}

function isTrailAddress(path: KeyPath): boolean {
  return path.length === 4 && path[0] === 'auditTrails' && path[2] === 'database' && path[3] === 'url';
}

function namesUnsetVariable(text: string): boolean {
  const parts = readReferences(text);
  return !('wrong' in parts) && unsetVariables(parts).length > 0;
}

function isRequired(path: KeyPath, requireSecrets: RequireSecrets): boolean {
  return typeof requireSecrets === 'boolean' ? requireSecrets : requireSecrets.includes(String(path[0]));
}

function judgePlain(path: KeyPath, text: string, reporter: Reporter): void {
  if (text.includes(`\${`)) {
    reporter.report(path, `references such as \${env:NAME} are not read here`, {
      expected: `a plain value; references belong in ${placesOf(path)}`,
      settles: true,
    });
    return;
  }
  const shape = isTemplateOfPath(path) ? secretShapeInPath(text) : undefined;
  if (shape !== undefined) {
    reporter.report(path, `${shape} stands in the configuration`, {
      expected: 'a {variable}, whose value in variables: is a reference',
      confidential: true,
      settles: true,
    });
  }
}

function isTemplateOfPath(path: KeyPath): boolean {
  return path[0] === 'workflows' && path[2] === 'steps' && path.length === 5 && path[4] === 'path';
}

/** Who somebody is, not what proves it; machines make up client ids. */
function isPublicName(path: KeyPath): boolean {
  const key = path.at(-1);
  return ofUser(path)?.length === 1 && (key === 'clientId' || key === 'username');
}

/** In the other sections every place of a secret has a key of ours, and is judged by it. */
function isOfPortalOrWorkflow([section]: KeyPath): boolean {
  return section === 'portals' || section === 'workflows';
}

function literalShape(parts: readonly Part[]): string | undefined {
  return parts.map((part) => (part.kind === 'text' ? secretShape(part.text) : undefined)).find((shape) => shape);
}

function placesOf([section]: KeyPath): string {
  switch (section) {
    case 'auditTrails':
      return 'url:, password:, key: and the credentials of anchors';
    case 'encryption':
      return 'url:, password: and the credentials of providers';
    default:
      return 'the fields of auth: and identities:, and in the values of headers:, query:, body: and variables:';
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
  if (references.length === 0 && isSecretHere(path, text)) {
    reporter.report(path, 'a secret stands in the configuration', aReference);
  }
  const shape = isOfPortalOrWorkflow(path) && !isPublicName(path) ? literalShape(parts) : undefined;
  if (shape !== undefined) {
    reporter.report(path, `${shape} stands in the configuration`, aReference);
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
