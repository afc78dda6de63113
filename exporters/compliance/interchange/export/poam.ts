/** OSCAL plan of action and milestones: an item for each failure that nobody ended. */
import { findingParts, isOpenFinding, listedParts } from './findings.js';
import { listed, metadataOf, oneLine, propsOf } from './oscal-parts.js';
import type { ControlSnapshot } from './snapshot.js';
import { nameUuid } from './uuid.js';

/** Without open findings there is no plan, and OSCAL has no document without an item. */
export function planOfAction(snapshot: ControlSnapshot) {
  const open = snapshot.controls.filter(isOpenFinding);
  if (open.length === 0) return undefined;
  const run = snapshot.asOf.toISOString();
  const parts = open.map((control) => ({ control, ...findingParts(control, snapshot.asOf) }));
  return {
    'plan-of-action-and-milestones': {
      uuid: nameUuid('poam', run, JSON.stringify(snapshot.filters)),
      metadata: metadataOf(snapshot, 'Open findings of compliance controls'),
      'system-id': { id: oneLine([...new Set(open.map(({ portal }) => portal))].join(', ')) },
      ...listedParts(parts),
      findings: parts.map(({ finding }) => finding),
      'poam-items': parts.map(({ control, finding, risks }) => ({
        uuid: nameUuid('poam-item', run, control.board, control.id),
        title: oneLine(`${control.id}: ${control.title}`),
        description: [control.reason ?? control.statement, control.guidance].filter(Boolean).join('\n\n'),
        props: propsOf({
          board: control.board,
          control: control.id,
          owner: control.owner,
          severity: control.severity,
          since: control.since,
          waiver: control.waiver?.id,
        }),
        'related-findings': [{ 'finding-uuid': finding.uuid }],
        ...listed(
          'related-risks',
          risks.map(({ uuid }) => ({ 'risk-uuid': uuid })),
        ),
      })),
    },
  };
}
