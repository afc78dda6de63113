/** Evaluations made again from what is stored: the same values and the same definition must give the same state. */
import type { Control, ControlCheck } from '../../../pack/compliance/model/index.js';
import { compareWith } from '../status/compare.js';
import { comparisonOf } from '../status/expectation.js';
import type { CheckFinding, SeenEvidence } from '../status/finding.js';
import { judgeControl } from '../status/verdict.js';
import type { CheckEvidence, EvaluationDocument } from './document.js';
import { digestOf } from './store/sha256.js';

/** Why an evaluation cannot be repeated, or that it can. */
export type Repeated =
  | { readonly is: 'same' }
  | { readonly is: 'other'; readonly why: string }
  | { readonly is: 'unknown'; readonly why: string };

/**
 * @param definition as the store keeps it; undefined where it has none.
 * @param timeZone of the board: it says when a day begins.
 */
export function repeatEvaluation(
  document: EvaluationDocument,
  definition: string | undefined,
  timeZone: string,
): Repeated {
  if (definition === undefined) return { is: 'unknown', why: 'the definition of the control is not in the store' };
  if (digestOf(definition) !== document.definition) return { is: 'other', why: 'the definition is another one' };
  const control: unknown = JSON.parse(definition);
  if (!isControl(control)) return { is: 'unknown', why: 'the definition is of another version of the pack' };
  const now = new Date(document.at);
  const wrong = control.checks.flatMap((check) => contradictionOf(check, document, now));
  if (wrong.length > 0) return { is: 'other', why: wrong.join('; ') };
  const found = new Map(document.checks.map((each) => [each.name, findingOf(each, now)]));
  const { status } = judgeControl(control, found, { now, timeZone }).verdict;
  return status === document.raw
    ? { is: 'same' }
    : { is: 'other', why: `it is ${status}, and ${document.raw} is kept` };
}

function isControl(value: unknown): value is Control {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    'applicability' in value &&
    'effective' in value &&
    'checks' in value &&
    Array.isArray(value.checks)
  );
}

/** A check that is said to pass, with a value that does not. A failure may have been held back, as its control says. */
function contradictionOf(check: ControlCheck, { checks }: EvaluationDocument, now: Date): readonly string[] {
  const kept = checks.find(({ name }) => name === check.name);
  if (kept?.outcome !== 'pass' || kept.value === undefined) return [];
  const expect = comparisonOf(check);
  if (expect === undefined) return [];
  const { outcome } = compareWith(expect, { value: kept.value, asOf: now, source: kept.source });
  return outcome === 'pass' ? [] : [`${check.name} passes with ${kept.value}, which its limit does not allow`];
}

function findingOf({ outcome, value, asOf, source, reason = '' }: CheckEvidence, at: Date): CheckFinding {
  const seen: SeenEvidence = {
    ...(value === undefined ? {} : { value }),
    asOf: asOf === undefined ? at : new Date(asOf),
    source,
  };
  switch (outcome) {
    case 'pass':
      return { outcome, seen };
    case 'unknown':
      return { outcome, reason, source };
    case 'at_risk':
    case 'fail':
      return { outcome, seen, reason };
  }
}
