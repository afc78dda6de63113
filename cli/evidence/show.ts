import { Command } from 'commander';
import type { CheckEvidence, EvaluationDocument } from '../../exporters/compliance/evidence/document.js';
import type { StoredEvaluation } from '../../exporters/compliance/evidence/store/store.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { chosenControl } from '../controls/board.js';
import { columns, paint, paragraph, print, printJson } from '../terminal.js';
import { momentOf } from './instant.js';
import { answeringAbout, type EvidenceOptions, withEvidence, withEvidenceOptions } from './place.js';

interface Options extends EvidenceOptions {
  readonly at?: Date;
  readonly json?: true;
}

const examples = `
Examples:
  $ ${kopCall()} evidence show AUD-02
  $ ${kopCall()} evidence show AUD-02 --at 2026-03-03T12:00Z

Exit codes:
  0  shown
  2  there is no such control, no evidence of that time, or the store cannot be read`;

/** `kop evidence show`: what the state of a control was at a moment, and what each check saw. */
export function showEvidenceCommand(): Command {
  return withEvidenceOptions(new Command('show'))
    .summary('what the state of a control was, and what each check saw')
    .description('Shows the evaluation of a control that was the newest at a moment.')
    .argument('<id>', 'identifier of the control, such as AUD-02')
    .option('--at <moment>', 'day or instant (default: now)', momentOf)
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((id: string, options: Options) => answeringAbout(() => show(id, options)));
}

function show(id: string, options: Options): Promise<number> {
  return withEvidence(options, async ({ board, store, place }) => {
    const control = chosenControl({ name: `the board ${board.name}`, controls: board.controls }, id);
    const at = options.at ?? new Date();
    const found = await store.statusAt(board.name, control.id, at);
    if (found === undefined) {
      process.stderr.write(
        `kop evidence: there is no evaluation of ${control.id} up to ${at.toISOString()} in ${place}\n`,
      );
      return 2;
    }
    if (options.json === true) printJson(found);
    else print(linesOf(found));
    return 0;
  });
}

function linesOf({ number, document }: StoredEvaluation): readonly string[] {
  const { control, at, raw, effective, waiver, reason, catalogue } = document;
  const covered = waiver === undefined ? '' : `; without the waiver ${waiver}: ${raw}`;
  return [
    `${paint('bold', control)}  ${effective}${covered}`,
    ...(reason === undefined ? [] : paragraph(reason, 2)),
    '',
    ...columns(
      ['CHECK', 'OUTCOME', 'SAW', 'MUST BE', 'FROM'],
      document.checks.map((check) => cellsOf(check, document).map((text) => ({ text }))),
    ),
    '',
    ...paragraph(
      `Evaluation ${number}, made ${at}, by the catalogue ${catalogue.name} ${catalogue.version} (${catalogue.sha256.slice(0, 12)}…).`,
      0,
    ),
  ];
}

function cellsOf(
  { name, outcome, value, operator, limit, asOf, source, reason }: CheckEvidence,
  { at }: EvaluationDocument,
) {
  const seen = asOf === undefined ? source : `${source}, as of ${asOf}`;
  const why = reason === undefined ? seen : `${seen}: ${reason}`;
  return [name, outcome, value ?? '–', operator === undefined ? '–' : `${operator} ${limit}`, source === '' ? at : why];
}
