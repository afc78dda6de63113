/**
 * `absent`: it could not be made, or does not apply. That is no success, and no failure either.
 * `unknown`: it could be made, and what it needs was lost here. A person has to know.
 */
export interface TestResult {
  readonly outcome: 'passed' | 'failed' | 'absent' | 'unknown';
  /** For a person; empty when it passed. */
  readonly why: string;
  /** Where that was in an earlier round. */
  readonly madeAtSeconds?: number;
}

export const passed: TestResult = { outcome: 'passed', why: '' };
export const failed = (why: string): TestResult => ({ outcome: 'failed', why });
export const absent = (why: string): TestResult => ({ outcome: 'absent', why });
export const unknownResult = (why: string): TestResult => ({ outcome: 'unknown', why });
