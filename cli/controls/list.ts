import { Command } from 'commander';
import { csvCell } from '../../exporters/compliance/interchange/export/csv-cell.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { type Control, complianceAreas } from '../../pack/compliance/model/index.js';
import { type Cell, columns, counted, print, printJson } from '../terminal.js';
import { answering, type BoardOptions, chosenControls, oneOfThem, withControlsOptions } from './board.js';

interface Options extends BoardOptions {
  readonly area?: string;
  readonly owner?: string;
  readonly json?: true;
  readonly csv?: true;
}

const examples = `
Examples:
  $ ${kopCall()} controls list
  $ ${kopCall()} controls list --area audit_requirements
  $ ${kopCall()} controls list --owner security --csv > controls.csv
  $ ${kopCall()} controls list --catalogue us-adviser

Exit codes:
  0  listed
  2  a file cannot be used; each problem is printed with its line and key`;

/** `kop controls list`: the controls of a board, as the profile made them. */
export function listCommand(): Command {
  return withControlsOptions(new Command('list'))
    .summary('the controls of a board')
    .description('Lists the controls of a compliance board, as the profile selects and tailors them.')
    .option('--area <area>', `only this area: ${complianceAreas.join(', ')}`)
    .option('--owner <team>', 'only what this team answers for')
    .option('--json', 'print JSON for programs')
    .option('--csv', 'print CSV for spreadsheets')
    .addHelpText('after', examples)
    .action((options: Options) => answering(() => list(options)));
}

function list(options: Options): number {
  const chosen = chosenControls(options);
  const owners = [...new Set(chosen.controls.map(({ owner }) => owner))];
  const area = options.area === undefined ? undefined : oneOfThem('--area', options.area, complianceAreas);
  const owner = options.owner === undefined ? undefined : oneOfThem('--owner', options.owner, owners);
  const controls = chosen.controls.filter(
    (control) => (area === undefined || control.area === area) && (owner === undefined || control.owner === owner),
  );
  if (options.json === true) printJson(controls.map(entryOf));
  else if (options.csv === true) print(csv(controls));
  else print([...columns(HEAD, controls.map(rowOf), 0), '', ...closing(controls)]);
  return 0;
}

const HEAD = ['CONTROL', 'SEVERITY', 'OWNER', 'CHECKED BY', 'WHAT MUST BE SO'];

function rowOf(control: Control): readonly Cell[] {
  const { id, severity, owner, title } = control;
  const note = appliesText(control);
  return [
    { text: id, style: 'bold' },
    { text: severity, ...(severity === 'critical' ? { style: 'red' as const } : {}) },
    { text: owner },
    { text: kindsOf(control) },
    {
      text: note === undefined ? title : `${title} (${note})`,
      ...(note === undefined ? {} : { style: 'dim' as const }),
    },
  ];
}

function kindsOf({ checks }: Control): string {
  return [...new Set(checks.map(({ kind }) => kind))].join(', ');
}

/** Why it is not looked at now; undefined where it is. */
export function appliesText({ applicability, effective }: Control): string | undefined {
  if (!applicability.applies) return 'does not apply';
  const today = new Date().toISOString().slice(0, 10);
  if (effective.from !== undefined && effective.from > today) return `from ${effective.from}`;
  return effective.to !== undefined && effective.to < today ? `ended ${effective.to}` : undefined;
}

function closing(controls: readonly Control[]): readonly string[] {
  const unconfirmed = controls.filter(({ references }) =>
    references.some(({ confidence }) => confidence !== 'verified'),
  ).length;
  return [
    `${counted(controls.length, 'control')}. Of ${unconfirmed} a person must confirm a reference.`,
    `${kopCall()} controls explain ID says more of one.`,
  ];
}

function entryOf(control: Control) {
  const { id, title, area, owner, severity, catalogue, effective, applicability, nextReview, references } = control;
  return {
    id,
    title,
    area,
    owner,
    severity,
    catalogue,
    effective,
    applies: applicability.applies,
    ...(nextReview === undefined ? {} : { nextReview }),
    checks: control.checks.map(({ name, kind, title: what }) => ({ name, kind, title: what })),
    references,
  };
}

function csv(controls: readonly Control[]): readonly string[] {
  const rows = controls.map((control) => {
    const { id, title, area, owner, severity, catalogue, effective, nextReview, applicability, references } = control;
    const refs = references.map(({ framework, ref, confidence }) => `${framework} ${ref} (${confidence})`).join('; ');
    const dates = [effective.from, effective.to, nextReview].map((day) => day ?? '');
    return [
      id,
      title,
      area,
      owner,
      severity,
      catalogue,
      String(applicability.applies),
      ...dates,
      kindsOf(control),
      refs,
    ];
  });
  const head =
    'id,title,area,owner,severity,catalogue,applies,effective_from,effective_to,next_review,checks,references';
  return [head, ...rows.map((cells) => cells.map(csvCell).join(','))];
}
