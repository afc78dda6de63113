import { layout } from './layout.js';
import { type Excerpt, excerptOf } from './reading/excerpt.js';
import type { Problem } from './reading/problems.js';

/** The line that a problem of a description speaks of; undefined where it has none or may hold a secret. */
export function excerpt(problem: Problem, fileText: string): Excerpt | undefined {
  return excerptOf(problem, fileText, layout);
}
