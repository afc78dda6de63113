import { dirname, resolve as resolvePath } from 'node:path';
import { readReferences } from '../secrets/references.js';
import { SecretText, type Text } from '../secrets/secret.js';
import { type KeyPath, type MapNode, nodeAt, valueOrigin } from './source-node.js';
import { isKept, WrittenNumber } from './written-number.js';

/** What depends on the file in which it is written: secrets, and relative paths. */
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

  /** A plain text stays a text; a text with references becomes a secret. */
  text(path: KeyPath, written: string): Text {
    return written.includes(`\${`) ? this.secret(path, written) : written;
  }

  texts(path: KeyPath, written: Readonly<Record<string, string>>): Record<string, Text> {
    return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, this.text([...path, key], value)]));
  }

  /** Every text of a JSON value, and every number that JavaScript would change. */
  textsIn(path: KeyPath, written: unknown): unknown {
    if (typeof written === 'string') return this.text(path, written);
    if (typeof written === 'number') return this.#number(path, written);
    if (Array.isArray(written)) return written.map((item: unknown, index) => this.textsIn([...path, index], item));
    if (typeof written !== 'object' || written === null) return written;
    return Object.fromEntries(
      Object.entries(written).map(([key, value]) => [key, this.textsIn([...path, key], value)] as const),
    );
  }

  #number(path: KeyPath, value: number): number | WrittenNumber {
    const node = nodeAt(this.#root, path);
    const written = node?.kind === 'scalar' ? node.written : undefined;
    return written === undefined || isKept(written, value) ? value : new WrittenNumber(written);
  }

  secrets(path: KeyPath, written: Readonly<Record<string, string>>): Record<string, SecretText> {
    return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, this.secret([...path, key], value)]));
  }
}
