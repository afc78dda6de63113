import { Command } from 'commander';
import { report, type TrailReport } from '../../exporters/audit-trail/inspect/report.js';
import { interruptible } from '../interrupt.js';
import { print, printJson } from '../terminal.js';
import { asVerb } from './operators-matter.js';
import { type StateOptions, type TrailState, trailState, withStateDirectory } from './state.js';
import { reportLines } from './status-text.js';
import { allTrails, chosenTrail, requireConnection, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions, StateOptions {
  readonly json?: true;
}

const examples = `
Polls once, and shows what a running exporter has proven; changes nothing.

Examples:
  $ kop audit status
  $ kop audit status --trail kingston --json | jq '.[0].status.tables'

Exit codes:
  0  every table in scope is proven complete by an exporter that watches it, and nothing contradicts it
  1  something is missing, broken, not proven or not accounted for; each is said
  2  the trail cannot be checked: the message says why`;

/** `kop audit status`: what is proven, since when, by which evidence. */
export function statusCommand(): Command {
  return withStateDirectory(withTrailOptions(new Command('status')))
    .summary('what is proven, since when, by which evidence')
    .description('Says what is proven of audit trails, since when, by which evidence, and what nobody can say.')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => asVerb(() => show(options)));
}

async function show(options: Options): Promise<number> {
  const trails =
    options.trail === undefined && allTrails(options).length > 1 ? allTrails(options) : [chosenTrail(options)];
  const described = allTrails(options).map(({ name }) => name);
  for (const trail of trails) requireConnection(trail);
  const reports = await interruptible(async (signal) => {
    const made: { readonly found: TrailReport; readonly state: TrailState }[] = [];
    for (const trail of trails) {
      const state = await trailState(options, trail.name);
      made.push({ found: await report(trail, { stateDirectory: state.folder, signal, described }), state });
    }
    return made;
  });
  if (options.json === true) printJson(reports.map(({ found, state }) => ({ ...found, state })));
  else {
    for (const [at, { found, state }] of reports.entries()) {
      print([...(at > 0 ? [''] : []), ...reportLines(found, state)]);
    }
  }
  return Math.max(...reports.map(({ found }) => exitCode(found)));
}

function exitCode({ status, isWatched, seal, comparisons, objections, orphans }: TrailReport): number {
  if (status.evidence.connection?.state !== 'ok') return 2;
  const isProven =
    status.tables.length > 0 && status.tables.every(({ state }) => state === 'ok' || state === 'explained');
  const isSealed =
    seal === undefined || (seal.state === 'sealed' && seal.anchors.every(({ state }) => state !== 'empty'));
  const isContradicted = comparisons.some(
    ({ strength, result }) => strength === 'proof' && result.state === 'compared' && result.findings > 0,
  );
  return isProven &&
    isWatched &&
    isSealed &&
    !isContradicted &&
    objections.length + status.unaccounted.length + orphans.length === 0
    ? 0
    : 1;
}
