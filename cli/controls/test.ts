import { Command } from 'commander';
import { runInlineTests } from '../../exporters/compliance/status/inline-tests.js';
import { kopCall } from '../../exporters/runtime/call.js';
import type { Control } from '../../pack/compliance/model/index.js';
import { counted, paint, print, printJson } from '../terminal.js';
import { answering, type BoardOptions, chosenBoard, chosenControl, withBoardOptions } from './board.js';

interface Options extends BoardOptions {
  readonly json?: true;
}

const examples = `
Runs the test cases that each control brings, through the code that judges real values: what it must say of these values. Asks no
source. The exporter runs them all the time, and compliance_validation_accuracy_ratio is the share that is right.

Examples:
  $ ${kopCall()} controls test
  $ ${kopCall()} controls test AUD-02 --config.file mine.yaml

Exit codes:
  0  every answer is right
  1  one is wrong; each is printed with what was wanted and what came
  2  there is no such control, or the description cannot be used`;

/** `kop controls test`: known answers of a catalogue that somebody is editing. */
export function testCommand(): Command {
  return withBoardOptions(new Command('test'))
    .summary('run the test cases of the controls')
    .description('Runs the test cases of all controls, or of some.')
    .argument('[ids...]', 'identifiers of controls (default: all)')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((ids: string[], options: Options) => answering(() => runAll(ids, options)));
}

function runAll(ids: readonly string[], options: Options): number {
  const board = chosenBoard(options);
  const controls = ids.length === 0 ? board.controls : ids.map((id) => chosenControl(board, id));
  const answers = controls.flatMap(answersOf);
  const wrong = answers.filter(({ isRight }) => !isRight);
  const untested = controls.filter(({ tests }) => tests.length === 0).map(({ id }) => id);
  if (options.json === true) printJson({ tests: answers.length, wrong, untested });
  else {
    print([
      ...wrong.map(
        ({ control, given, want, got }) =>
          `${paint('red', 'wrong')}  ${control}: of ${JSON.stringify(given)} it must say ${want}, and says ${got}`,
      ),
      `${counted(answers.length - wrong.length, 'answer')} of ${counted(controls.length, 'control')} right, ${wrong.length} wrong.`,
      ...(untested.length === 0 ? [] : [`Without a test case: ${untested.join(', ')}.`]),
    ]);
  }
  return wrong.length === 0 ? 0 : 1;
}

function answersOf(control: Control) {
  return runInlineTests(control).map(({ test: { given, want }, got, isRight }) => ({
    control: control.id,
    given,
    want,
    got,
    isRight,
  }));
}
