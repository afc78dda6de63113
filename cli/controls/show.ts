import { Command } from 'commander';
import { stringify } from 'yaml';
import { kopCall } from '../../exporters/runtime/call.js';
import { print, printJson } from '../terminal.js';
import { answering, type BoardOptions, chosenControl, chosenControls, withControlsOptions } from './board.js';

interface Options extends BoardOptions {
  readonly json?: true;
}

const examples = `
Examples:
  $ ${kopCall()} controls show AUD-02
  $ ${kopCall()} controls show AUD-02 --json | jq .checks

Exit codes:
  0  shown
  2  there is no such control, or a file cannot be used; it is said which`;

/** `kop controls show`: everything that is evaluated of a control. */
export function showCommand(): Command {
  return withControlsOptions(new Command('show'))
    .summary('one control with its queries, limits and test cases')
    .description(
      'Shows one control as it is evaluated: catalogue and profile together, with queries, limits and tests.',
    )
    .argument('<id>', 'identifier of the control, such as AUD-02')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((id: string, options: Options) =>
      answering(() => {
        const control = chosenControl(chosenControls(options), id);
        if (options.json === true) printJson(control);
        else print([stringify(control).trimEnd()]);
        return 0;
      }),
    );
}
