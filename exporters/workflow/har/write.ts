import { Document, isMap, isSeq, Scalar, type YAMLMap } from 'yaml';
import type { Pack, Portal } from '../../../pack/index.js';
import type { WrittenSteps } from './steps.js';

export interface WrittenFile {
  readonly name: string;
  readonly portal: Portal;
  readonly authenticated: boolean;
  readonly recordedMs: number;
  readonly written: WrittenSteps;
  readonly remarks: readonly string[];
  readonly pack: Pack;
}

/** The workflow as a separate file, to be merged with the pack that describes the portal. */
export function toYaml({ name, portal, authenticated, recordedMs, written, remarks, pack }: WrittenFile): string {
  const workflow = {
    title: titleOf(name),
    portals: [portal.name],
    team: pack.teams[0]?.name ?? 'platform',
    tier: 'recorded',
    sla: proposedSla(recordedMs),
    objective: pack.objectives[0]?.name ?? 'responsive',
    ...(authenticated ? { authenticated: true } : {}),
    schedule: { interval: '60s' },
    steps: written.steps,
  };
  const { auth, portalVariables } = written;
  const addition = {
    ...(Object.keys(portalVariables).length === 0 ? {} : { variables: portalVariables }),
    ...(auth === undefined ? {} : { auth }),
  };
  const document = new Document({
    ...(Object.keys(addition).length === 0 ? {} : { portals: { [portal.name]: addition } }),
    workflows: { [name]: workflow },
  });
  document.commentBefore = [
    ' Made of a browser recording by kop workflow import. Team, tier, objective and SLA are guesses: change them.',
    ' Read it before you share it: words and numbers that were typed, such as a search term, are in it.',
    ...remarks.map((remark) => ` - ${remark}`),
  ].join('\n');
  const described = document.getIn(['workflows', name]);
  if (isMap(described)) decorate(described, recordedMs);
  return document.toString({ lineWidth: 120, singleQuote: true, flowCollectionPadding: true });
}

function decorate(workflow: YAMLMap, recordedMs: number): void {
  comment(workflow, 'sla', ` the recording took ${Math.round(recordedMs)} ms in all`);
  const steps = workflow.get('steps');
  for (const step of isSeq(steps) ? steps.items : []) {
    if (!isMap(step)) continue;
    comment(step, 'mutates', ' changes data each time it runs; false where it only reads');
    const conditions = step.getIn(['expect', 'json']);
    for (const condition of isSeq(conditions) ? conditions.items : []) if (isMap(condition)) condition.flow = true;
    const extract = step.get('extract');
    for (const pair of isMap(extract) ? extract.items : []) if (isMap(pair.value)) pair.value.flow = true;
  }
}

function comment(map: YAMLMap, key: string, text: string): void {
  const value = map.get(key, true);
  if (value instanceof Scalar) value.comment = text;
}

const STEPS_SECONDS = [0.5, 1, 1.5, 2, 3, 5, 10, 15, 20, 30];

/** Twice the recorded time, because the browser may have been near or far. */
function proposedSla(recordedMs: number): string {
  const seconds = (recordedMs * 2) / 1000;
  return `${STEPS_SECONDS.find((step) => step >= seconds) ?? 30}s`;
}

function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ');
  return (words[0]?.toUpperCase() ?? '') + words.slice(1);
}
