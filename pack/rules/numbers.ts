import { type KeyPath, type MapNode, nodeAt, type SourceNode } from '../source-node.js';

import type { Rule } from './rule.js';

/** Where a number becomes text, it becomes the text that was written: `007` would arrive at the portal as `7`. */
export const numbers: Rule = ({ parsed, root, reporter }) => {
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
