/** A control in sentences, for a compliance officer. */
import type {
  ComplianceBoard,
  Control,
  ControlCheck,
  ControlExpectation,
  FrameworkReference,
} from '../../pack/compliance/model/index.js';
import { paint, paragraph } from '../terminal.js';
import { appliesText } from './list.js';

const INDENT = 2;

export function explanation(board: ComplianceBoard, control: Control): readonly string[] {
  return [
    paint('bold', `${control.id}  ${control.title}`),
    ...block('What must be so', [control.statement]),
    ...block('Why', control.references.map(referenceText), 'No rule is named: it is the firm’s own.'),
    ...block('Whether it applies', [applicabilityText(control)]),
    ...block('How it is seen', [scheduleText(control), ...control.checks.map((check) => checkText(board, check))]),
    ...block('What the states mean', statesText(control)),
    ...block('Who answers', [ownerText(control)]),
    ...block('Exceptions', waiverTexts(board, control), 'No waiver is granted.'),
    ...block('What to do when it fails', [
      control.guidance ?? 'The catalogue gives no guidance.',
      ...(control.runbook === undefined ? [] : [`Runbook: ${control.runbook}`]),
    ]),
    '',
    ...paragraph('The pack supports compliance; it does not certify it.', 0),
  ];
}

function block(title: string, texts: readonly string[], none = ''): readonly string[] {
  const said = texts.length === 0 ? [none] : texts;
  const isList = said.length > 1;
  return [
    '',
    paint('dim', title),
    ...said.flatMap((text) =>
      isList ? paragraph(text, INDENT + 2, `${' '.repeat(INDENT)}- `) : paragraph(text, INDENT),
    ),
  ];
}

const confirmed = {
  verified: (checked: string | undefined) => `the text was read${checked === undefined ? '' : ` on ${checked}`}`,
  listed: () => 'the document that defines the catalogue names it; a person must confirm it',
  to_confirm: () => 'not verified: a person must confirm it before relying on it',
} as const;

function referenceText({ framework, ref, confidence, checked, note }: FrameworkReference): string {
  const more = note === undefined ? '' : ` ${note}`;
  return `${framework} ${ref}: ${confirmed[confidence](checked)}.${more}`;
}

function applicabilityText(control: Control): string {
  const { applicability } = control;
  if (!applicability.applies) {
    return `No: ${applicability.reason}. To be reviewed by ${applicability.reviewBy}; after that day nobody knows whether it applies, and it is unknown.`;
  }
  const note = appliesText(control);
  return note === undefined ? 'Yes.' : `Not now: ${note}. Before its day it is shown as coming, and not as failing.`;
}

function scheduleText({ intervalMs, evidenceMaxAgeSeconds, checks }: Control): string {
  const all = checks.length === 1 ? 'One check must pass.' : `All ${checks.length} checks must pass.`;
  return `It is evaluated ${eachText(intervalMs / 1000)}. ${all} Evidence that is older than ${timeText(evidenceMaxAgeSeconds)} counts for nothing.`;
}

function checkText(board: ComplianceBoard, check: ControlCheck): string {
  return `${check.title}: ${sourceText(board, check)}${delayText(check)}`;
}

function sourceText({ obligations, imports }: ComplianceBoard, check: ControlCheck): string {
  switch (check.kind) {
    case 'promql':
      return `a number from Prometheus, which must be ${expectationText(check.expect, check.unit)}.`;
    case 'sql':
      return `a number from the database ${check.database}, which must be ${expectationText(check.expect, check.unit)}.`;
    case 'http':
      return `an answer of the portal at ${check.path}, which must be ${expectationText(check.expect, check.unit)}.`;
    case 'freshness':
      return `a time from ${check.source.kind === 'sql' ? `the database ${check.source.database}` : 'Prometheus'}, at most ${timeText(check.maxAgeSeconds)} ago${check.warnAgeSeconds === undefined ? '' : `; at risk from ${timeText(check.warnAgeSeconds)} on`}.`;
    case 'deadline': {
      const found = obligations.find(({ name }) => name === check.obligation);
      const rule = found === undefined ? '' : `: ${found.ruleText}; at risk ${timeText(found.leadSeconds)} before`;
      return `every open case of the register ${check.obligation} is inside its deadline${rule}.`;
    }
    case 'attestation':
      return `a person states it, every ${check.everyMonths} months at the latest; at risk ${check.leadDays} days before.`;
    case 'imported': {
      const found = imports.find(({ name }) => name === check.source);
      return `results of another tool${found === undefined ? '' : ` (${found.format})`}: ${check.identifiers.join(', ')} must be there and pass.`;
    }
    case 'composite':
      return `at least ${check.atLeast} of ${check.of.join(', ')} pass.`;
  }
}

const operators = {
  '==': 'exactly',
  '!=': 'other than',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
} as const;

function expectationText({ operator, limit, warnLimit }: ControlExpectation, unit: ControlCheck['unit']): string {
  const told = (value: number) =>
    unit === 'ratio' ? `${Number((value * 100).toPrecision(12))} %` : unitText(value, unit);
  const warning = warnLimit === undefined ? '' : `; at risk unless it is ${operators[operator]} ${told(warnLimit)}`;
  return `${operators[operator]} ${told(limit)}${warning}`;
}

function unitText(value: number, unit: ControlCheck['unit']): string {
  return unit === 'seconds' || unit === 'days' ? `${value} ${unit}` : String(value);
}

function delayText({ failsAfterMs }: ControlCheck): string {
  return failsAfterMs === 0 ? '' : ` It fails once that has been wrong for ${timeText(failsAfterMs / 1000)}.`;
}

function statesText({ checks }: Control): readonly string[] {
  const hasRisk = checks.some(
    (check) => check.kind === 'deadline' || check.kind === 'attestation' || hasWarning(check),
  );
  return [
    'Compliant: every check passes, on evidence that is fresh.',
    ...(hasRisk ? ['At risk: every check passes, and one is near its limit or its day.'] : []),
    'Failing: a check saw something that is wrong.',
    'Unknown: nothing wrong was seen, and of some check nothing at all. That counts as not compliant.',
    'Waived: it fails, and an exception with an end covers it. That counts as not compliant, too.',
  ];
}

function hasWarning(check: ControlCheck): boolean {
  if ('expect' in check) return check.expect.warnLimit !== undefined;
  return check.kind === 'freshness' && check.warnAgeSeconds !== undefined;
}

function ownerText({ owner, severity, nextReview, catalogue }: Control): string {
  const review = nextReview === undefined ? '' : ` The control itself is reviewed by ${nextReview}.`;
  const wakes = severity === 'critical' ? 'a failure wakes somebody' : 'a failure makes a ticket';
  return `The team ${owner}. Severity ${severity}: ${wakes}. From the catalogue ${catalogue}.${review}`;
}

function waiverTexts({ waivers }: ComplianceBoard, { id }: Control): readonly string[] {
  return waivers
    .filter(({ control }) => control === id)
    .map(
      ({ id: name, reason, compensating, approvedBy, approvedOn, expiresOn }) =>
        `${name}, from ${approvedOn} until ${expiresOn}, approved by the ${approvedBy}: ${reason}. Meanwhile: ${compensating}.`,
    );
}

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

function eachText(seconds: number): string {
  return `every ${timeText(seconds).replace(/^1 /, '')}`;
}

/** In the largest unit that divides it. */
function timeText(seconds: number): string {
  const [size, name] = units.find(([each]) => seconds >= each && seconds % each === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
