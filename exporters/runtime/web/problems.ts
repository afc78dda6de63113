import type { z } from 'zod';
import type { Problem } from '../../../pack/reading/problems.js';
import { formatProblem } from '../../../pack/reading/problems.js';
import { keyOrigin, keyText, type SourceNode, valueOrigin } from '../../../pack/reading/source-node.js';
import { suggest } from '../../../pack/reading/suggest.js';

/** Thrown when a web configuration file cannot be used; carries every problem found. */
export class InvalidWebConfig extends Error {
  override readonly name = 'InvalidWebConfig';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** Validation issues with their places in the file. Values are never repeated, because some are secrets. */
export function problemsOf(root: SourceNode, issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    const expected = issue.message.startsWith('expected ') ? issue.message.slice('expected '.length) : undefined;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(root, path, key, expected ?? ''));
    }
    const sentence =
      expected === undefined ? { message: issue.message } : { message: 'this value is not valid', expected };
    return [{ ...valueOrigin(root, path), key: keyText(path), ...sentence }];
  });
}

function unknownKey(root: SourceNode, path: readonly (string | number)[], key: string, expected: string): Problem {
  const didYouMean = suggest(key, expected.replace('one of ', '').split(', '));
  return {
    ...keyOrigin(root, [...path, key]),
    key: keyText([...path, key]),
    message: 'unknown key',
    // The list of all keys would hide the suggested one.
    ...(didYouMean === undefined ? { expected } : { didYouMean }),
  };
}
