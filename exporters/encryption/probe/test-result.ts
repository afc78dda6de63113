/**
 * `absent`: it could not run, or does not apply. This is neither a success nor a failure.
 * `unknown`: the data that it needs was lost here. A person must know this.
 */
export interface TestResult {
  readonly outcome: 'passed' | 'failed' | 'absent' | 'unknown';
  /** Readable reason; empty when it passed. */
  readonly why: string;
  /** Set if the result is from an earlier round. */
  readonly madeAtSeconds?: number;
}

export const passed: TestResult = { outcome: 'passed', why: '' };
export const failed = (why: string): TestResult => ({ outcome: 'failed', why });
export const absent = (why: string): TestResult => ({ outcome: 'absent', why });
export const unknownResult = (why: string): TestResult => ({ outcome: 'unknown', why });
