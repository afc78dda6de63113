import { Command } from 'commander';
import { explainControlCommand } from './explain.js';
import { listCommand } from './list.js';
import { showCommand } from './show.js';
import { testCommand } from './test.js';

/** `kop controls`: what is evaluated, for people who edit it and for people who answer for it. */
export function controlsCommand(): Command {
  const controls = new Command('controls')
    .summary('list, explain and test compliance controls')
    .description(
      'Lists, shows, explains and tests the controls of a compliance board. It reads files only and asks no source.',
    )
    .addHelpText('after', '\ndocs/controls.md says how to describe controls of your own.');
  for (const verb of [listCommand(), showCommand(), explainControlCommand(), testCommand()]) controls.addCommand(verb);
  return controls;
}
