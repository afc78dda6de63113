import { Command } from 'commander';
import { runInlineTests } from '../../exporters/compliance/status/inline-tests.js';
import { kopCall } from '../../exporters/runtime/call.js';
import type { Control } from '../../pack/compliance/model/index.js';
import { counted, paint, paragraph, print, printJson } from '../terminal.js';
import {
  answering,
  type BoardOptions,
  type ChosenControls,
  chosenControl,
  chosenControls,
  withControlsOptions,
} from './board.js';

interface Options extends BoardOptions {
  readonly json?: true;
}

const examples = `
Each control brings known answers: what it must say of given values. This runs
them through the code that judges real values. It asks no source. The exporter
runs them all the time; compliance_validation_accuracy_ratio is the share that
is right.

Examples:
  $ ${kopCall()} controls test
  $ ${kopCall()} controls test AUD-02 --config.file mine.yaml
  $ ${kopCall()} controls test --catalogue ./controls/mine

Exit codes:
  0  every answer is right
  1  one is wrong; each is printed with its file and line, what was wanted and
     what came
  2  there is no such control, or a file cannot be used; it is said which`;

/** `kop controls test`: known answers of a catalogue that somebody is editing. */
export function testCommand(): Command {
  return withControlsOptions(new Command('test'))
    .summary('run the known answers of the controls')
    .description('Runs the known answers (tests:) of all controls, or of some.')
    .argument('[ids...]', 'identifiers of controls (default: all)')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((ids: string[], options: Options) => answering(() => runAll(ids, options)));
}

interface Answer {
  readonly control: string;
  /** Counted from 1, as people count. */
  readonly test: number;
  readonly given: Readonly<Record<string, number>>;
  readonly want: string;
  readonly got: string;
  readonly isRight: boolean;
  readonly file?: string;
  readonly line?: number;
}

function runAll(ids: readonly string[], options: Options): number {
  const chosen = chosenControls(options);
  const controls = ids.length === 0 ? chosen.controls : ids.map((id) => chosenControl(chosen, id));
  const answers = controls.flatMap((control) => answersOf(control, chosen));
  const wrong = answers.filter(({ isRight }) => !isRight);
  if (options.json === true) printJson({ tests: answers.length, wrong });
  else {
    print([
      ...wrong.flatMap(wrongText),
      `${answers.length - wrong.length} of ${counted(answers.length, 'known answer')} of ${counted(controls.length, 'control')} right.`,
    ]);
  }
  return wrong.length === 0 ? 0 : 1;
}

function answersOf(control: Control, { catalogues }: ChosenControls): readonly Answer[] {
  const catalogue = catalogues.find(({ identity }) => identity.name === control.catalogue);
  return runInlineTests(control).map(({ test: { given, want }, got, isRight }, at) => {
    const place = catalogue?.placeOfTest(control, at);
    return {
      control: control.id,
      test: at + 1,
      given,
      want,
      got,
      isRight,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    };
  });
}

function wrongText({ control, test, given, want, got, file, line }: Answer): readonly string[] {
  const values = Object.entries(given).map(([name, value]) => `${name} ${value}`);
  const seen = values.length === 0 ? 'no value' : values.join(', ');
  return [
    `${paint('red', 'wrong')}  ${control}, test ${test}${file === undefined ? ' of the profile' : `  ${file}:${line}`}`,
    ...paragraph(`Of ${seen} it must say ${want}. It says ${got}.`, 7),
  ];
}
