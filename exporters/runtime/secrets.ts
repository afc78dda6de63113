import { statSync } from 'node:fs';
import type { Pack } from '../../pack/index.js';
import { type Part, SecretText, SecretUnavailable } from '../../pack/secrets/secret.js';
import type { Redactor } from './redactor.js';

/** Adds every secret of a pack to the redactor; of `Bearer ${env:TOKEN}` only the token. */
export function hideSecrets(pack: Pack, redactor: Redactor): void {
  for (const part of partsIn(pack)) {
    const secret = part.kind === 'text' ? undefined : revealIfPossible(part);
    if (secret !== undefined) redactor.add(secret);
  }
}

/** Warnings about secret files that every user of the machine may read. */
export function secretFileRemarks(pack: Pack): readonly string[] {
  const paths = [...partsIn(pack)].flatMap((part) => (part.kind === 'file' ? [part.path] : []));
  return [...new Set(paths)].flatMap((path) => {
    const mode = modeOf(path);
    if (mode === undefined || (mode & 0o004) === 0) return [];
    return [
      `secret file ${path} may be read by everybody on this machine (mode ${mode.toString(8)}); chmod 600, or defaultMode: 0400 in Kubernetes`,
    ];
  });
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
}

function* partsIn(value: unknown): Iterable<Part> {
  if (value instanceof SecretText) {
    yield* value.parts;
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* partsIn(inner);
  }
}

function revealIfPossible(part: Part): string | undefined {
  try {
    return new SecretText([part]).reveal();
  } catch (error) {
    // An unreadable file cannot leak; the part that needs it reports that it is missing.
    if (error instanceof SecretUnavailable) return undefined;
    throw error;
  }
}
