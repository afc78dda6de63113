import { type ControlStatus, controlStatuses } from '../../pack/compliance/model/index.js';
import type { CellState, LandingCell, LandingSection, SectionFinding } from '../runtime/landing/section.js';
import type { ControlDetail } from './api/schemas.js';
import { countStatuses } from './status/roll-up.js';

const words: Readonly<Record<ControlStatus, string>> = {
  non_compliant: 'Failing',
  unknown: 'Unknown',
  at_risk: 'At risk',
  waived: 'Waived',
  compliant: 'Compliant',
  not_applicable: 'n/a',
};

const colours: Readonly<Record<ControlStatus, CellState>> = {
  non_compliant: 'bad',
  unknown: 'warning',
  at_risk: 'warning',
  waived: 'neutral',
  compliant: 'good',
  not_applicable: 'neutral',
};

/** The board of the landing page: a summary with its denominator, then every control, worst first. */
export function boardSection(title: string, controls: readonly ControlDetail[]): LandingSection {
  const sorted = [...controls].sort(
    (a, b) => controlStatuses.indexOf(a.status) - controlStatuses.indexOf(b.status) || a.id.localeCompare(b.id),
  );
  return {
    title,
    intro: summaryText(controls),
    table: {
      columns: ['State', 'Control', 'What was seen, or why not', 'Owner', 'Evidence'],
      rows: sorted.map(rowOf),
      empty: 'no control is selected',
    },
    links: [{ text: 'as JSON', href: '/api/v1/controls' }],
    evidence: {
      fineMeans: 'compliant',
      findings: sorted.filter(({ status }) => status !== 'not_applicable').map(findingOf),
    },
  };
}

/** `41 of 58 applicable controls are compliant; 3 failing, 2 unknown, 5 at risk, 7 waived.` */
export function summaryText(controls: readonly ControlDetail[]): string {
  const { applicable, counts } = countStatuses(controls);
  if (applicable === 0) return 'No control applies, so there is no score.';
  const others = (['non_compliant', 'unknown', 'at_risk', 'waived'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${words[status].toLowerCase()}`);
  const rest = others.length === 0 ? '' : `; ${others.join(', ')}`;
  return `${counts.compliant} of ${applicable} applicable controls are compliant${rest}. The pack supports compliance, it does not certify it.`;
}

function rowOf(control: ControlDetail): readonly LandingCell[] {
  const { status, raw, id, title, owner, severity, checks, evidenceAt, reason, waiver } = control;
  const note = status === 'waived' ? `${words[raw].toLowerCase()}, until ${waiver?.expiresOn}` : severity;
  const seen = checks.flatMap(({ value, operator, limit }) =>
    value === undefined ? [] : [operator === undefined ? value : `${value} (${operator} ${limit})`],
  );
  return [
    { text: words[status], state: colours[status], note },
    {
      text: `${id} ${title}`,
      href: `/api/v1/controls/${encodeURIComponent(id)}?board=${encodeURIComponent(control.board)}`,
    },
    reason ?? (seen.join(', ') || '–'),
    owner,
    evidenceAt === undefined ? 'none' : { time: new Date(evidenceAt) },
  ];
}

function findingOf({ id, title, status, reason }: ControlDetail): SectionFinding {
  const what = `${id} ${title}`;
  if (status === 'compliant') return { what, state: 'fine' };
  return { what, state: status === 'unknown' ? 'unknown' : 'attention', why: reason ?? words[status] };
}
