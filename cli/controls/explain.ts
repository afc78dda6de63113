import { Command } from 'commander';
import { kopCall } from '../../exporters/runtime/call.js';
import { print } from '../terminal.js';
import { answering, type BoardOptions, chosenControl, chosenControls, withControlsOptions } from './board.js';
import { explanation } from './explain-text.js';

const examples = `
Says in sentences what must be so, why, how it is checked, what makes it
failing, at risk or unknown, who answers for it and what to do. Reads files
only: the exporter's page shows the present state.

Examples:
  $ ${kopCall()} controls explain AUD-02
  $ ${kopCall()} controls explain CC6.1 --catalogue soc2

Exit codes:
  0  explained
  2  there is no such control, or a file cannot be used; it is said which`;

/** `kop controls explain`: a control for people who know no PromQL and no SQL. */
export function explainControlCommand(): Command {
  return withControlsOptions(new Command('explain'))
    .summary('one control, in sentences')
    .description('Explains one control to people who know no PromQL and no SQL.')
    .argument('<id>', 'identifier of the control, such as AUD-02')
    .addHelpText('after', examples)
    .action((id: string, options: BoardOptions) =>
      answering(() => {
        const chosen = chosenControls(options);
        print(explanation(chosen, chosenControl(chosen, id)));
        return 0;
      }),
    );
}
