import type { Rule } from './rule.js';
import { type KeyPath, type MapNode, nodeAt, type SourceNode } from './source-node.js';
import { isJsonNumber, isKept } from './written-number.js';

/**
 * No number arrives at the portal as another one. Where it becomes text, it becomes the text that was written: `007`
 * would arrive as `7`. Where it stays a number it keeps its digits when it is sent, if JSON can write them; where it is
 * compared, it is one that JavaScript can hold: `9007199254740993` would be `9007199254740992`, another client's number.
 */
export const numbers: Rule = ({ parsed, root, reporter }) => {
  for (const path of numberPlaces(root, Object.keys(parsed.workflows))) {
    const node = nodeAt(root, path);
    if (node?.kind !== 'scalar' || typeof node.value !== 'number' || node.written === undefined) continue;
    if (isKept(node.written, node.value)) continue;
    const isSent = path[4] === 'body';
    if (isSent && isJsonNumber(node.written)) continue;
    reporter.report(path, `${node.written} is read as ${numberText(node.value)}`, {
      expected: isSent
        ? 'a number as JSON writes it, such as one that does not begin with 0, or a text in quotes'
        : 'a number of at most 15 digits that does not begin with 0, or a text in quotes',
    });
  }
  for (const path of textPlaces(root, Object.keys(parsed.portals), Object.keys(parsed.workflows))) {
    const node = nodeAt(root, path);
    if (node?.kind !== 'scalar' || typeof node.value === 'string' || node.written === undefined) {
      continue;
    }
    const read = String(node.value);
    if (read !== node.written) {
      reporter.report(path, `${node.written} is read as ${read}`, { expected: `quotes around it: '${node.written}'` });
    }
  }
};

/** In full where JavaScript would write an exponent. */
function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function* numberPlaces(root: MapNode, workflows: readonly string[]): Generator<KeyPath> {
  for (const workflow of workflows) {
    const steps = nodeAt(root, ['workflows', workflow, 'steps']);
    for (const index of steps?.kind === 'list' ? steps.items.keys() : []) {
      const step = ['workflows', workflow, 'steps', index];
      yield* leaves(root, [...step, 'body', 'json']);
      yield* leaves(root, [...step, 'expect', 'json']);
    }
  }
}

function* leaves(root: MapNode, path: KeyPath): Generator<KeyPath> {
  const node = nodeAt(root, path);
  if (node?.kind === 'scalar') yield path;
  if (node?.kind === 'list') for (const index of node.items.keys()) yield* leaves(root, [...path, index]);
  if (node?.kind === 'map') for (const key of node.entries.keys()) yield* leaves(root, [...path, key]);
}

function* textPlaces(root: MapNode, portals: readonly string[], workflows: readonly string[]): Generator<KeyPath> {
  for (const portal of portals) {
    yield* below(root, ['portals', portal, 'variables']);
  }
  for (const workflow of workflows) {
    const steps = nodeAt(root, ['workflows', workflow, 'steps']);
    for (const index of steps?.kind === 'list' ? steps.items.keys() : []) {
      const step = ['workflows', workflow, 'steps', index];
      yield* below(root, [...step, 'query']);
      yield* below(root, [...step, 'body', 'form']);
    }
  }
}

function* below(root: MapNode, path: KeyPath): Generator<KeyPath> {
  const node: SourceNode | undefined = nodeAt(root, path);
  if (node?.kind === 'map') {
    for (const key of node.entries.keys()) {
      yield [...path, key];
    }
  }
}
