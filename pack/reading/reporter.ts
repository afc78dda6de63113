import { ofUser, type SecretPlaces } from '../secrets/secret-places.js';
import type { Removal } from './inheritance.js';
import type { Problem } from './problems.js';
import { shownKey } from './shown.js';
import { type KeyPath, keyOrigin, keyText, type MapNode, type Origin, valueOrigin } from './source-node.js';

export interface Hints {
  readonly expected?: string;
  readonly didYouMean?: string | undefined;
  /** Point at the key instead of its value. */
  readonly atKey?: boolean;
  /** No further problem of this value is reported, because it would follow from this one. */
  readonly settles?: boolean;
  readonly secretMissing?: true;
  /** The line must not be shown, although secrets do not belong here. */
  readonly confidential?: boolean;
  readonly keyOnly?: true;
}

/** Collects problems, and knows where each key was written or removed. */
export class Reporter {
  readonly problems: Problem[] = [];
  readonly #root: MapNode;
  readonly #settled = new Set<string>();
  readonly #removed: readonly Removal[];
  readonly #secrets: SecretPlaces;

  constructor(root: MapNode, secrets: SecretPlaces, removed: readonly Removal[] = []) {
    this.#root = root;
    this.#secrets = secrets;
    this.#removed = removed;
  }

  /** How a later file removed this path, or something below it; undefined if none did. */
  removedBy(path: KeyPath): 'extends' | 'null' | undefined {
    return this.#removed
      .filter((removal) => path.every((part, index) => removal.path[index] === part))
      .map(({ by }) => by)
      .find((by) => by !== 'list');
  }

  report(path: KeyPath, message: string, hints: Hints = {}): void {
    const { file, line, column }: Origin = hints.atKey ? keyOrigin(this.#root, path) : valueOrigin(this.#root, path);
    const { expected, didYouMean } = hints;
    const key = keyText(path);
    if (this.#settled.has(key)) {
      return;
    }
    if (hints.settles) {
      this.#settled.add(key);
    }
    const isOfUser = ofUser(path) !== undefined;
    this.problems.push({
      file,
      line,
      column,
      key: keyText(path.map((part) => (typeof part === 'string' ? shownKey(part, this.#secrets, isOfUser) : part))),
      message,
      ...(expected === undefined ? {} : { expected }),
      ...(didYouMean === undefined ? {} : { didYouMean }),
      ...(this.#secrets.has(path) || hints.confidential ? { confidential: true } : {}),
      ...(hints.keyOnly ? { keyOnly: true } : {}),
      ...(hints.secretMissing ? { secretMissing: true } : {}),
    });
  }
}
