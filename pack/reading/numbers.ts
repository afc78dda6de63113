/**
 * No number reaches the portal as a different number. A number that becomes text must keep its text: `007` would become
 * `7`. A number that is sent as a number keeps its digits, if JSON can represent them. A number that is compared must
 * be one that JavaScript can represent: `9007199254740993` would be `9007199254740992`, another client's number.
 */
import type { Reporter } from './reporter.js';
import { type KeyPath, type MapNode, nodeAt, type SourceNode } from './source-node.js';
import { isJsonNumber, isKept } from './written-number.js';

/** Judges the numbers at a place and below, which stay numbers. @param isSent as JSON, so that its digits are kept. */
export function judgeNumbers(root: MapNode, place: KeyPath, reporter: Reporter, isSent: boolean): void {
  for (const path of leaves(root, place)) {
    const node = nodeAt(root, path);
    if (node?.kind !== 'scalar' || typeof node.value !== 'number' || node.written === undefined) continue;
    if (isKept(node.written, node.value)) continue;
    if (isSent && isJsonNumber(node.written)) continue;
    reporter.report(path, `${node.written} is read as ${numberText(node.value)}`, {
      expected: isSent
        ? 'a number as JSON writes it, such as one that does not begin with 0, or a text in quotes'
        : 'a number of at most 15 digits that does not begin with 0, or a text in quotes',
    });
  }
}

/** Judges the values of a map, which become texts. */
export function judgeNumbersAsTexts(root: MapNode, place: KeyPath, reporter: Reporter): void {
  for (const path of below(root, place)) {
    const node = nodeAt(root, path);
    if (node?.kind !== 'scalar' || typeof node.value === 'string' || node.written === undefined) {
      continue;
    }
    const read = String(node.value);
    if (read !== node.written) {
      reporter.report(path, `${node.written} is read as ${read}`, { expected: `quotes around it: '${node.written}'` });
    }
  }
}

/** In full where JavaScript would write an exponent. */
function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function* leaves(root: MapNode, path: KeyPath): Generator<KeyPath> {
  const node = nodeAt(root, path);
  if (node?.kind === 'scalar') yield path;
  if (node?.kind === 'list') for (const index of node.items.keys()) yield* leaves(root, [...path, index]);
  if (node?.kind === 'map') for (const key of node.entries.keys()) yield* leaves(root, [...path, key]);
}

function* below(root: MapNode, path: KeyPath): Generator<KeyPath> {
  const node: SourceNode | undefined = nodeAt(root, path);
  if (node?.kind === 'map') {
    for (const key of node.entries.keys()) {
      yield [...path, key];
    }
  }
}
