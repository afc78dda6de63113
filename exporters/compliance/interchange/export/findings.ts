/** One control as OSCAL: a finding, an observation for each check, and a risk where it fails. */
import type { ControlDetail } from '../../api/schemas.js';
import { NIST_NAMESPACE } from '../oscal-names.js';
import { listed, oneLine, oscalToken, prop, propsOf } from './oscal-parts.js';
import { nameUuid } from './uuid.js';

type ExportedCheck = ControlDetail['checks'][number];

type FindingParts = ReturnType<typeof findingParts>;

/** What the findings of a document rest on; OSCAL has no empty lists. */
export function listedParts(parts: readonly Pick<FindingParts, 'observations' | 'risks'>[]) {
  return {
    ...listed(
      'observations',
      parts.flatMap(({ observations }) => observations),
    ),
    ...listed(
      'risks',
      parts.flatMap(({ risks }) => risks),
    ),
  };
}

export function findingParts(control: ControlDetail, asOf: Date) {
  const run = [asOf.toISOString(), control.board, control.id];
  const observations = control.checks.map((check) => observationOf(control, check, run, asOf));
  const related = observations.map(({ uuid }) => ({ 'observation-uuid': uuid }));
  const risks = isOpenFinding(control) ? [riskOf(control, run, related)] : [];
  const finding = {
    uuid: nameUuid('finding', ...run),
    title: oneLine(control.title),
    description: control.statement,
    props: propsOf({ owner: control.owner, severity: control.severity, area: control.area }),
    target: {
      type: 'objective-id',
      'target-id': `${oscalToken(control.id)}_obj`,
      props: exactProps(control),
      status: { ...stateOf(control), ...(control.reason !== undefined && { remarks: control.reason }) },
    },
    ...listed('related-observations', related),
    ...listed(
      'related-risks',
      risks.map(({ uuid }) => ({ 'risk-uuid': uuid })),
    ),
  };
  return { finding, observations, risks };
}

/** A failure that nobody ended, with a waiver or without. */
export function isOpenFinding({ raw, status }: ControlDetail): boolean {
  return status === 'non_compliant' || (status === 'waived' && raw !== 'at_risk');
}

/** What OSCAL has no word for: its two states and three reasons cannot tell six statuses apart. */
function exactProps({ board, portal, id, raw, status, waiver, since, evaluation, catalogue }: ControlDetail) {
  return propsOf({
    board,
    portal,
    control: id,
    'raw-status': raw,
    'effective-status': status,
    waiver: waiver?.id,
    since,
    evaluation: evaluation?.number,
    'evaluation-sha256': evaluation?.sha256,
    catalogue: `${catalogue.name} ${catalogue.version}`,
  });
}

/** A waiver changes nothing of what was found: it stands in the risk. */
function stateOf({ raw }: ControlDetail): { readonly state: string; readonly reason: string } {
  if (raw === 'compliant' || raw === 'at_risk') return { state: 'satisfied', reason: 'pass' };
  return { state: 'not-satisfied', reason: raw === 'non_compliant' ? 'fail' : 'other' };
}

const methods: Readonly<Partial<Record<ExportedCheck['kind'], string>>> = {
  attestation: 'INTERVIEW',
  imported: 'EXAMINE',
};

function observationOf(control: ControlDetail, check: ExportedCheck, run: readonly string[], asOf: Date) {
  const collected = new Date(check.asOf ?? control.evaluatedAt ?? asOf);
  const { evaluation } = control;
  return {
    uuid: nameUuid('observation', ...run, check.name),
    title: oneLine(check.title),
    description: check.reason ?? check.title,
    props: propsOf({
      check: check.name,
      kind: check.kind,
      outcome: check.outcome,
      value: check.value,
      operator: check.operator,
      limit: check.limit,
      'warn-limit': check.warnLimit,
      unit: check.unit,
      source: check.source,
    }),
    methods: [methods[check.kind] ?? 'TEST'],
    types: ['control-objective'],
    ...(evaluation !== undefined && {
      'relevant-evidence': [
        {
          href: hashUri(evaluation.sha256),
          description: `Evaluation ${evaluation.number} in the evidence store, in the form of RFC 8785.`,
        },
      ],
    }),
    collected: collected.toISOString(),
    expires: new Date(collected.getTime() + control.evidenceMaxAgeSeconds * 1000).toISOString(),
  };
}

/** RFC 6920. */
function hashUri(sha256Hex: string): string {
  return `ni:///sha-256;${Buffer.from(sha256Hex, 'hex').toString('base64url')}`;
}

function riskOf(
  control: ControlDetail,
  run: readonly string[],
  related: readonly { readonly 'observation-uuid': string }[],
) {
  const { waiver, status } = control;
  return {
    uuid: nameUuid('risk', ...run),
    title: oneLine(`${control.id}: ${control.title}`),
    description: control.reason ?? control.title,
    statement: control.statement,
    props: propsOf({ control: control.id, severity: control.severity, owner: control.owner }),
    status: status === 'waived' ? 'deviation-approved' : 'open',
    ...(status === 'waived' && waiver !== undefined && waiverParts(waiver, run)),
    ...listed('related-observations', related),
  };
}

/** The last day counts whole. OSCAL wants a time; the exact day stands in a property. */
function waiverParts(waiver: NonNullable<ControlDetail['waiver']>, run: readonly string[]) {
  return {
    deadline: `${waiver.expiresOn}T23:59:59Z`,
    'risk-log': {
      entries: [
        {
          uuid: nameUuid('risk-log', ...run, waiver.id),
          title: oneLine(`Waiver ${waiver.id}, approved by ${waiver.approvedBy}`),
          description: `${waiver.reason}\n\nMeanwhile: ${waiver.compensating}`,
          start: `${waiver.approvedOn}T00:00:00Z`,
          props: [
            { name: 'type', ns: NIST_NAMESPACE, value: 'dr-approved' },
            prop('waiver', waiver.id),
            prop('expires-on', waiver.expiresOn),
            prop('requested-by', waiver.requestedBy),
            prop('approved-by', waiver.approvedBy),
            ...propsOf({ ticket: waiver.ticket }),
          ],
          'status-change': 'deviation-approved',
        },
      ],
    },
  };
}
