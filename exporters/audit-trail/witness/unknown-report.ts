import { failureOf } from '../../runtime/postgres/failure.js';
import type { WitnessReport } from './report.js';
import { Unknowable } from './unknowable.js';

export function unknownReport(error: unknown): Extract<WitnessReport, { state: 'unknown' }> {
  if (error instanceof Unknowable) {
    return { state: 'unknown', reason: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  }
  return { state: 'unknown', reason: failureOf(error).reason };
}
