import { Command } from 'commander';
import { kopCall } from '../../exporters/runtime/call.js';
import { print } from '../terminal.js';
import { answering, type BoardOptions, chosenBoard, chosenControl, withBoardOptions } from './board.js';
import { explanation } from './explain-text.js';

const examples = `
Says in sentences what must be so, why, how it is seen, who answers for it and what to do. Asks no source: the exporter's page
shows the state of now.

Examples:
  $ ${kopCall()} controls explain AUD-02

Exit codes:
  0  explained
  2  there is no such control, or the description cannot be used`;

/** `kop controls explain`: a control for people who know no PromQL and no SQL. */
export function explainControlCommand(): Command {
  return withBoardOptions(new Command('explain'))
    .summary('one control, in sentences')
    .description('Explains one control to people who know no PromQL and no SQL.')
    .argument('<id>', 'identifier of the control, such as AUD-02')
    .addHelpText('after', examples)
    .action((id: string, options: BoardOptions) =>
      answering(() => {
        const board = chosenBoard(options);
        print(explanation(board, chosenControl(board, id)));
        return 0;
      }),
    );
}
