/** A control in sentences, for a compliance officer. */
import type { ComplianceBoard, Control, ControlCheck, FrameworkReference } from '../../pack/compliance/model/index.js';
import { paint, paragraph } from '../terminal.js';
import type { ChosenControls } from './board.js';
import { type CheckText, checkText } from './check-text.js';
import { appliesText } from './list.js';
import { eachText, timeText } from './quantity-text.js';

const INDENT = 2;

export function explanation(chosen: ChosenControls, control: Control): readonly string[] {
  const { board } = chosen;
  return [
    paint('bold', `${control.id}  ${control.title}`),
    ...block('What must be so', [control.statement]),
    ...reasons(chosen, control),
    ...block('Whether it applies', [applicabilityText(control, board)]),
    ...checking(control, board),
    ...block('Who answers', [ownerText(control)]),
    ...block('When the control itself is reviewed', [reviewText(control)]),
    ...block('Waivers', waiverTexts(board, control), noWaivers(board)),
    ...block('What to do when it fails', [
      control.guidance ?? 'The catalogue gives no guidance.',
      ...(control.runbook === undefined ? [] : [`Runbook: ${control.runbook}`]),
    ]),
    '',
    ...paragraph(
      'The checks support compliance. They do not prove or certify it, and this page is no legal advice.',
      0,
    ),
  ];
}

function block(title: string, texts: readonly string[], none = ''): readonly string[] {
  const said = texts.length === 0 ? [none] : texts;
  return [
    '',
    ...paragraph(title, 0).map((line) => paint('dim', line)),
    ...(said.length > 1 ? listed(said) : said.flatMap((text) => paragraph(text, INDENT))),
  ];
}

function listed(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => paragraph(text, INDENT + 2, `${' '.repeat(INDENT)}- `));
}

function reasons(chosen: ChosenControls, control: Control): readonly string[] {
  if (control.references.length === 0) return block('Why', [], 'No rule is named: it is a rule of the firm’s own.');
  const frameworks = chosen.catalogues.find(({ identity }) => identity.name === control.catalogue)?.frameworks;
  const said = (confidence: FrameworkReference['confidence']) =>
    control.references
      .filter((each) => each.confidence === confidence)
      .map(({ framework, ref, checked, note }) => {
        const day = checked === undefined ? '' : `, read on ${checked}`;
        return `${frameworks?.get(framework)?.title ?? framework}: ${ref}${day}.${note === undefined ? '' : ` ${note}`}`;
      });
  return [
    '',
    paint('dim', 'Why'),
    ...under('Verified: somebody read the text on the day that is named.', said('verified')),
    ...under('A person must confirm these before anybody relies on them:', said('to_confirm')),
    ...under('A document of the portal lists these; a person must confirm that they apply, and how:', said('listed')),
  ];
}

function under(head: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : [...paragraph(head, INDENT), ...listed(texts)];
}

function applicabilityText(control: Control, board: ComplianceBoard | undefined): string {
  const { applicability } = control;
  if (!applicability.applies) {
    return `No: ${applicability.reason}. A person reviews this by ${applicability.reviewBy}. After that day it is unknown whether the control applies.`;
  }
  const note = appliesText(control);
  if (note !== undefined)
    return `Not now: ${note}. Before its first day a control is shown as coming, and not as failing.`;
  return board === undefined ? 'The profile of a board says that.' : 'Yes.';
}

function checking(control: Control, board: ComplianceBoard | undefined): readonly string[] {
  const { checks, intervalMs, evidenceMaxAgeSeconds } = control;
  const members = new Set(checks.flatMap((check) => (check.kind === 'composite' ? check.of : [])));
  const counting = checks
    .filter(({ name }) => !members.has(name))
    .map((check) => [check, checkText(check, board)] as const);
  const states = (said: (text: CheckText, check: ControlCheck) => string | undefined) =>
    grouped(counting.map(([check, text]) => [check.title, said(text, check)]));
  const often = `How it is checked, ${eachText(intervalMs / 1000)}`;
  return [
    ...block(
      counting.length === 1 ? often : `${often}; all of these must pass`,
      checks.map((check) => `${check.title}: ${checkText(check, board).sees}`),
    ),
    ...block(
      'It is failing when',
      states(({ fails }, check) => `${fails}${delayText(check)}`),
    ),
    ...block(
      'It is at risk when',
      states(({ isAtRisk }) => isAtRisk),
      'Never: it is either met or not.',
    ),
    ...block('It is unknown, which does not count as compliant, when nothing fails and', [
      ...states(({ isUnknown }) => isUnknown),
      `The newest evidence is older than ${timeText(evidenceMaxAgeSeconds)}.`,
    ]),
  ];
}

/** What is said of several checks is said once. */
function grouped(said: readonly (readonly [title: string, state: string | undefined])[]): readonly string[] {
  const titles = new Map<string, string[]>();
  for (const [title, state] of said) {
    if (state !== undefined) titles.set(state, [...(titles.get(state) ?? []), title]);
  }
  return [...titles].map(([state, own]) => {
    const isOfAll = own.length === said.length && own.length > 1;
    return `${isOfAll ? 'Any of these checks' : own.join('; ')}: ${state}.`;
  });
}

function delayText({ failsAfterMs }: ControlCheck): string {
  return failsAfterMs === 0 ? '' : `, and has been so for ${timeText(failsAfterMs / 1000)}`;
}

/** As the alert ComplianceControlFailing goes out. */
const urgency: Readonly<Record<Control['severity'], string>> = {
  critical: 'wakes somebody',
  high: 'makes a ticket',
  medium: 'makes a ticket',
  low: 'makes a note',
};

function ownerText({ owner, severity, catalogue }: Control): string {
  return `The team ${owner}. The severity is ${severity}: a failure ${urgency[severity]}. The control is of the catalogue ${catalogue}.`;
}

function reviewText({ nextReview }: Control): string {
  return nextReview === undefined
    ? 'No day is set. A catalogue or a profile sets one with review:.'
    : `By ${nextReview}: a person looks whether statement, checks and limits are still right.`;
}

function noWaivers(board: ComplianceBoard | undefined): string {
  return board === undefined ? 'A board names them.' : 'None. A failure is shown as a failure.';
}

function waiverTexts(board: ComplianceBoard | undefined, { id }: Control): readonly string[] {
  const today = new Date().toISOString().slice(0, 10);
  return (board?.waivers ?? [])
    .filter(({ control }) => control === id)
    .map(({ id: name, reason, compensating, approvedBy, approvedOn, expiresOn, coversUnknown, ticket }) => {
      const when = expiresOn < today ? `Ended on ${expiresOn}` : `From ${approvedOn} until ${expiresOn}`;
      const covers = coversUnknown ? ' It also covers unknown.' : '';
      return `${name}. ${when}, approved by the ${approvedBy}: ${reason}. Meanwhile: ${compensating}.${covers}${ticket === undefined ? '' : ` ${ticket}`}`;
    });
}
