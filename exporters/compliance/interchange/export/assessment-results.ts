/** OSCAL assessment results: one result for each board. The same controls at the same time give the same bytes. */
import type { ControlDetail } from '../../api/schemas.js';
import { findingParts, listedParts } from './findings.js';
import { listed, metadataOf, oneLine, oscalToken, prop } from './oscal-parts.js';
import type { ControlSnapshot } from './snapshot.js';
import { nameUuid } from './uuid.js';

/** Without controls there is no result, and OSCAL has no document without one. */
export function assessmentResults(snapshot: ControlSnapshot) {
  const boards = [...new Set(snapshot.controls.map(({ board }) => board))];
  if (boards.length === 0) return undefined;
  const run = snapshot.asOf.toISOString();
  const plan = nameUuid('plan', run);
  return {
    'assessment-results': {
      uuid: nameUuid('assessment-results', run, ...boards, JSON.stringify(snapshot.filters)),
      metadata: metadataOf(snapshot, 'Compliance controls, as evaluated'),
      'import-ap': { href: `#${plan}` },
      results: boards.map((board) =>
        resultOf(
          board,
          snapshot.controls.filter((control) => control.board === board),
          snapshot.asOf,
        ),
      ),
      'back-matter': {
        resources: [
          {
            uuid: plan,
            title: 'Catalogues and profile',
            description: 'The controls and their checks, described in pack.yaml and the files that it names.',
          },
        ],
      },
    },
  };
}

function resultOf(board: string, controls: readonly ControlDetail[], asOf: Date) {
  const reviewed = controls.filter(({ status }) => status !== 'not_applicable');
  const excluded = controls.filter(({ status }) => status === 'not_applicable');
  const parts = reviewed.map((control) => findingParts(control, asOf));
  const times = controls.flatMap(({ evaluatedAt }) => (evaluatedAt === undefined ? [] : [evaluatedAt])).sort();
  return {
    uuid: nameUuid('result', asOf.toISOString(), board),
    title: oneLine(`Controls of ${board}`),
    description: `${reviewed.length} controls were reviewed; ${excluded.length} do not apply.`,
    start: times[0] ?? asOf.toISOString(),
    end: asOf.toISOString(),
    ...listed('props', [prop('board', board), ...excluded.map(({ id, reason }) => prop('not-applicable', id, reason))]),
    'reviewed-controls': {
      'control-selections': [
        {
          // A selection without any is not valid: all but the excluded ones, which are all.
          ...(reviewed.length === 0 ? { 'include-all': {} } : { 'include-controls': reviewed.map(selected) }),
          ...listed('exclude-controls', excluded.map(selected)),
        },
      ],
    },
    ...listedParts(parts),
    ...listed(
      'findings',
      parts.map(({ finding }) => finding),
    ),
  };
}

function selected({ id }: ControlDetail) {
  return { 'control-id': oscalToken(id) };
}
