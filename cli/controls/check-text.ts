/** What each kind of check sees, and when it fails, is at risk or is unknown, for people who know no PromQL and no SQL. */
import type { ComplianceBoard, ControlCheck, ControlExpectation } from '../../pack/compliance/model/index.js';
import { boundText, brokenBoundText, monthsText, timeText } from './quantity-text.js';

export interface CheckText {
  readonly sees: string;
  readonly fails: string;
  /** Undefined where it is never at risk. */
  readonly isAtRisk?: string;
  readonly isUnknown: string;
}

/** @param board undefined for a catalogue by itself: what a board describes is only named then. */
export function checkText(check: ControlCheck, board: ComplianceBoard | undefined): CheckText {
  switch (check.kind) {
    case 'promql':
      return {
        sees: `a number from Prometheus. ${mustText(check)}`,
        ...comparedText(check.expect, check.unit),
        isUnknown: `Prometheus does not answer, or gives no number${check.minSeries > 1 ? `, or fewer than ${check.minSeries} series` : ''}${check.aliveQuery === undefined ? '' : ', or its source is not alive'}`,
      };
    case 'sql':
      return {
        sees: `a number from ${fromDatabase(check.database, check.query)}. ${mustText(check)}`,
        ...comparedText(check.expect, check.unit),
        isUnknown: noAnswerOf(check.database, check.query),
      };
    case 'http':
      return {
        sees: `${check.json === undefined ? `whether the portal answers ${check.status} (1) or not (0)` : 'a value that the portal answers'} at ${check.path}. ${mustText(check)}`,
        ...comparedText(check.expect, check.unit),
        isUnknown: `the portal gives no answer at ${check.path}${check.json === undefined ? '' : ', or none with the value'}`,
      };
    case 'freshness': {
      const { source, maxAgeSeconds: most, warnAgeSeconds: warn } = check;
      const isSql = source.kind === 'sql';
      return {
        sees: `when it last happened, from ${isSql ? fromDatabase(source.database, source.query) : 'Prometheus'}. It must be at most ${timeText(most)} ago.`,
        fails: `that is more than ${timeText(most)} ago`,
        ...(warn === undefined ? {} : { isAtRisk: `that is more than ${timeText(warn)} ago` }),
        isUnknown: `${isSql ? noAnswerOf(source.database, source.query) : 'Prometheus does not answer'}, or it has not happened yet`,
      };
    }
    case 'deadline':
      return deadlineText(check.obligation, board);
    case 'attestation':
      return {
        sees: `what a person states in the file of attestations, every ${monthsText(check.everyMonths)} at the latest.`,
        fails: 'the newest statement says that it is not met',
        isAtRisk: `the statement expires within ${check.leadDays} days`,
        isUnknown: 'nobody has stated it, or the statement has expired',
      };
    case 'imported': {
      const found = board?.imports.find(({ name }) => name === check.source);
      const age = found === undefined ? 'too old' : `older than ${timeText(found.maxAgeSeconds)}`;
      return {
        sees: `results of another tool (import ${check.source}). All of these must pass: ${check.identifiers.join(', ')}.`,
        fails: 'one of them failed there',
        isUnknown: `the results are not there, ${age}, or without one of them`,
      };
    }
    case 'composite':
      return {
        sees: `of the checks ${check.of.join(', ')}, at least ${check.atLeast} must pass.`,
        fails: `fewer than ${check.atLeast} of them can pass`,
        isAtRisk: 'enough pass, but not without one that is itself at risk',
        isUnknown: 'too few of them are known',
      };
  }
}

function mustText({ expect: { operator, limit }, unit }: { expect: ControlExpectation; unit: ControlCheck['unit'] }) {
  return `It must be ${boundText(operator, limit, unit)}.`;
}

function comparedText({ operator, limit, warnLimit }: ControlExpectation, unit: ControlCheck['unit']) {
  return {
    fails: `it is ${brokenBoundText(operator, limit, unit)}`,
    ...(warnLimit === undefined
      ? {}
      : {
          isAtRisk: `it is ${brokenBoundText(operator, warnLimit, unit)}, and still ${boundText(operator, limit, unit)}`,
        }),
  };
}

function deadlineText(obligation: string, board: ComplianceBoard | undefined): CheckText {
  const found = board?.obligations.find(({ name }) => name === obligation);
  const rule = found === undefined ? '' : `: ${found.ruleText}`;
  const silent = found?.silentAfterSeconds;
  return {
    sees: `the cases of the register ${obligation}, each with its deadline${rule}. None may be late.`,
    fails: 'a case is beyond its deadline',
    isAtRisk: `a deadline is near${found === undefined ? '' : `: ${timeText(found.leadSeconds)} or less`}`,
    isUnknown: `the register cannot be read, or a case in it is not valid${silent === undefined ? '' : `, or no case was entered for ${timeText(silent)}`}`,
  };
}

function fromDatabase(database: string, query: string): string {
  const views = viewsIn(query);
  const named = views.length === 0 ? '' : ` (${views.join(', ')})`;
  return `a query of the database ${database}${named}`;
}

function noAnswerOf(database: string, query: string): string {
  const views = viewsIn(query);
  const missing = views.length === 0 ? '' : `, or ${views.join(' or ')} is not there`;
  return `the database ${database} is not connected or does not answer${missing}`;
}

/** Views of the firm that a query reads. */
function viewsIn(query: string): readonly string[] {
  return [...new Set(query.match(/\bcompliance\.[a-z_]+/g) ?? [])];
}
