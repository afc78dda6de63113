import { dirname, resolve as resolvePath } from 'node:path';
import { readReferences } from './references.js';
import { SecretText } from './secret.js';
import { type KeyPath, type MapNode, valueOrigin } from './source-node.js';

/** What depends on the file that says it: secrets, and paths relative to it. */
export class Places {
  readonly #root: MapNode;

  constructor(root: MapNode) {
    this.#root = root;
  }

  file(path: KeyPath, written: string): string {
    return resolvePath(dirname(valueOrigin(this.#root, path).file), written);
  }

  secret(path: KeyPath, written: string): SecretText {
    const parts = readReferences(written);
    if ('wrong' in parts) {
      throw new Error(`${parts.wrong} passed the rules although it is no reference`);
    }
    return new SecretText(
      parts.map((part) => (part.kind === 'file' ? { kind: 'file', path: this.file(path, part.path) } : part)),
    );
  }

  secrets(path: KeyPath, written: Readonly<Record<string, string>>): Record<string, SecretText> {
    return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, this.secret([...path, key], value)]));
  }
}
