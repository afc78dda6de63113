import { Command } from 'commander';
import { type AnchorView, askAnchors, compareAnchor } from '../../exporters/audit-trail/inspect/anchors.js';
import { readKey } from '../../exporters/audit-trail/inspect/verification.js';
import { repeatEvaluation } from '../../exporters/compliance/evidence/repeat.js';
import { verifySealedEvidence } from '../../exporters/compliance/evidence/seal/evidence-log.js';
import {
  type EvaluationsVerification,
  verifyEvaluations,
} from '../../exporters/compliance/evidence/seal/verify-evaluations.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { announcedKeys } from '../../exporters/runtime/sealing/log/announced-keys.js';
import type { Seal } from '../../pack/sealing/model.js';
import { interruptible } from '../interrupt.js';
import { progressOn } from '../progress.js';
import { counted, paint, paragraph, print, printJson } from '../terminal.js';
import {
  answeringAbout,
  type EvidenceAtHand,
  type EvidenceOptions,
  logOf,
  sealedToRead,
  withEvidence,
  withEvidenceOptions,
} from './place.js';

interface Options extends EvidenceOptions {
  readonly key: readonly string[];
  readonly repeat?: true;
  readonly json?: true;
}

const examples = `
Checks the log of checkpoints (order, chain, signatures) and what the anchors hold, then reads every evaluation and compares it with what was sealed. With
--repeat each one is also made again from the values and the definition that are kept: it must give the same state.

Examples:
  $ ${kopCall()} evidence verify --key published.vkey
  $ ${kopCall()} evidence verify --repeat --json

Exit codes:
  0  verified: every sealed evaluation is as it was sealed
  1  altered: each evaluation is named by its number, with what is there now
  2  cannot tell: there is no seal, no evidence, or something could not be checked`;

/** `kop evidence verify`: independent of the exporter that sealed. */
export function verifyEvidenceCommand(): Command {
  return withEvidenceOptions(new Command('verify'))
    .summary('whether the evidence is as it was sealed')
    .description('Verifies the evidence against its sealed log, independently of the exporter that sealed it.')
    .option(
      '--key <vkey>',
      'published public key, or a file that holds it; repeat it for several (default: what the log itself names)',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--repeat', 'make each evaluation again from what is kept of it')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => answeringAbout(() => interruptible((signal) => run(options, signal))));
}

interface Report {
  readonly verdict: 'verified' | 'altered' | 'unknown';
  readonly findings: readonly string[];
  readonly doubts: readonly string[];
  readonly sealed?: EvaluationsVerification;
  readonly repeated?: { readonly same: number; readonly other: number; readonly unknown: number };
}

function run(options: Options, signal: AbortSignal): Promise<number> {
  return withEvidence(options, async (at) => {
    const progress = progressOn(process.stderr);
    const show = (what: string) => (done: number, of: number) => progress.show(what, done, of);
    const { seal } = at.board.evidence;
    const ofSeal =
      seal === undefined
        ? { findings: [], doubts: ['the evidence is not sealed, so nobody can tell whether it was altered'] }
        : await againstSeal(at, seal, options, signal, show('evaluations'));
    const repeated = options.repeat === true ? await repeatAll(at, signal, show('repeated')) : undefined;
    progress.end();
    const findings = [...ofSeal.findings, ...(repeated?.findings ?? [])];
    const doubts = [...ofSeal.doubts, ...(repeated?.doubts ?? [])];
    const report: Report = {
      verdict: findings.length > 0 ? 'altered' : doubts.length > 0 ? 'unknown' : 'verified',
      findings,
      doubts,
      ...('sealed' in ofSeal && ofSeal.sealed !== undefined ? { sealed: ofSeal.sealed } : {}),
      ...(repeated === undefined ? {} : { repeated: repeated.counts }),
    };
    if (options.json === true) printJson(report);
    else print(linesOf(report));
    return { verified: 0, altered: 1, unknown: 2 }[report.verdict];
  });
}

async function againstSeal(
  { store }: EvidenceAtHand,
  seal: Seal,
  options: Options,
  signal: AbortSignal,
  progress: (done: number, of: number) => void,
) {
  const path = logOf(seal.directory);
  const keys = options.key.length === 0 ? await announcedKeys(path) : options.key.map(readKey);
  const log = await verifySealedEvidence({ path, origin: seal.origin, keys, signal });
  if (!log.ok) return { findings: log.failures.map(({ message }) => `the log of checkpoints: ${message}`), doubts: [] };
  // Asked before the log is read, which only grows: what an anchor holds must be in it.
  const answers = await askAnchors(seal, log.entries, signal);
  const sealed = await sealedToRead(seal);
  try {
    const found = await verifyEvaluations({ evidence: store, sealed, signal, progress });
    const views = await Promise.all(answers.map((answer) => compareAnchor(answer, sealed, signal)));
    const ofAnchors = (state: AnchorView['state']) =>
      views.filter((view) => view.state === state).map(({ name, detail }) => `the anchor ${name}: ${detail}`);
    const doubts = [
      ...(sealed.last === undefined ? ['nothing is sealed yet'] : []),
      ...ofAnchors('unknown'),
      ...ofAnchors('empty'),
    ];
    return { findings: [...findingsOf(found), ...ofAnchors('contradicts')], doubts, sealed: found };
  } finally {
    await sealed.close();
  }
}

function findingsOf({ altered, alteredEntries, alteredTransitions }: EvaluationsVerification): readonly string[] {
  return [
    ...altered.map(({ number, how, found, sealedAt }) => {
      const now =
        found === undefined
          ? ''
          : `; there is now ${found.document.control} ${found.document.effective} at ${found.document.at}`;
      return `evaluation ${number}, sealed ${sealedAt}, is ${how}${now}`;
    }),
    ...alteredEntries.map(
      ({ entry, first, count, sealedAt }) =>
        `among the ${counted(count, 'evaluation')} from ${first} on, sealed ${sealedAt} in entry ${entry}, at least one is altered`,
    ),
    ...alteredTransitions.map((number) => `the list of changes is not what evaluation ${number} says`),
  ];
}

const BATCH = 500;

async function repeatAll(
  { store, timeZone }: EvidenceAtHand,
  signal: AbortSignal,
  progress: (done: number, of: number) => void,
) {
  const { last } = await store.extent();
  const definitions = new Map<string, string | undefined>();
  const findings: string[] = [];
  const counts = { same: 0, other: 0, unknown: 0 };
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const found = await store.read(after, BATCH);
    for (const { number, document } of found) {
      const { definition } = document;
      if (!definitions.has(definition)) definitions.set(definition, await store.definition(definition));
      const repeated = repeatEvaluation(document, definitions.get(definition), timeZone);
      counts[repeated.is] += 1;
      if (repeated.is === 'other')
        findings.push(`evaluation ${number}, ${document.control} at ${document.at}: ${repeated.why}`);
    }
    after = found.at(-1)?.number ?? last;
    progress(after, last);
    if (found.length < BATCH) break;
  }
  const doubts =
    counts.unknown === 0
      ? []
      : [`${counted(counts.unknown, 'evaluation')} cannot be repeated: the definition is not there`];
  return { findings, doubts, counts };
}

const MOST_LINES = 50;

function linesOf({ verdict, findings, doubts, sealed, repeated }: Report): readonly string[] {
  const styles = { verified: 'green', altered: 'red', unknown: 'yellow' } as const;
  const marks = { verified: '✓', altered: '✗', unknown: '?' } as const;
  const more = findings.length - MOST_LINES;
  return [
    `${paint(styles[verdict], marks[verdict])} ${verdict}`,
    ...findings.slice(0, MOST_LINES).flatMap((text) => paragraph(text, 4, '  - ')),
    ...(more > 0 ? [`  and ${more} more; --json has all of them`] : []),
    ...doubts.flatMap((text) => paragraph(text, 4, '  - ')),
    ...(sealed === undefined
      ? []
      : [
          `  ${sealed.verified} as sealed, ${sealed.unsealed} not sealed yet, ${sealed.disposed} disposed of by a signed statement`,
        ]),
    ...(repeated === undefined
      ? []
      : [`  ${repeated.same} repeated with the same state, ${repeated.other} with another`]),
  ];
}
