import { relative } from 'node:path';
import { kopCall } from '../../exporters/runtime/call.js';
import { defaultPorts } from './options.js';

export interface HintFacts {
  readonly adminUrl: string;
  readonly exportersUrl: string;
  /** For `--config.file`. */
  readonly config: string;
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly hasPrometheus: boolean;
}

const defaultAdminUrl = `http://127.0.0.1:${defaultPorts.admin}`;
const defaultExportersUrl = `http://127.0.0.1:${defaultPorts.exporters}`;

/** What to try next. Every line that begins with a command can be copied into a second terminal as it stands. */
export function hints(facts: HintFacts): readonly string[] {
  return [
    'Look at it, in a second terminal:',
    ...looks(facts),
    '',
    'Then break something:',
    ...faults(facts),
    ...(facts.hasPrometheus ? ['', 'Alerts appear here, and on the page of alerts received.'] : []),
  ];
}

function looks({ exportersUrl, config, stateDirectory, env }: HintFacts): readonly string[] {
  const kop = kopCall();
  const described = `--config.file ${near(config)}`;
  // What commands remember is the demo's as well, and goes with it.
  const own = `${described} --state-directory ${near(stateDirectory)}`;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${near(value)} `);
  const address = exportersUrl === defaultExportersUrl ? '' : ` --web.listen-address ${new URL(exportersUrl).host}`;
  return [
    `  ${kop} workflow run client-list ${described}`,
    '      one run now, and where its time goes',
    `  ${kop} audit status ${own}`,
    '      what is proven of the audit trail; after half a minute everything is',
    `  ${kop} audit explain public.client_groups ${own}`,
    '      one table compared with its whole history',
    `  ${kop} audit verify ${own}`,
    '      the sealed records, verified independently of who sealed them',
    `  ${kop} audit prove 1 ${described}`,
    '      a proof of one record, for somebody who has only the published key',
    `  ${variables.join('')}${kop} encryption probe --samples 20 ${described}`,
    '      what each provider takes to encrypt and decrypt',
    `  ${kop} encryption scan ${own}`,
    '      what the encrypted columns really hold',
    `  ${kop} controls list ${described}`,
    '      the compliance controls, and what they support',
    `  ${kop} controls explain PRV-01 ${described}`,
    '      one of them for people who know no PromQL',
    `  ${kop} evidence show PRV-01 ${own}`,
    '      what that control was, and what each check saw',
    `  ${kop} evidence verify --repeat ${own}`,
    '      whether the evidence is as it was sealed, and gives the same states again',
    `  ${kop} check ${near(config)}`,
    '      the description of this demo, checked',
    `  ${kop} healthcheck${address}`,
    '      says nothing, because the exporters answer',
  ];
}

function faults({ adminUrl }: HintFacts): readonly string[] {
  const where = adminUrl === defaultAdminUrl ? '' : ` --admin ${adminUrl}`;
  const kop = `${kopCall()} demo`;
  // Quoted, because a shell would take the stars for file names.
  return [
    `  ${kop} fault 'latency=1800,route=/api/client_groups/*'${where}`,
    '      the client pages become slower than their SLA',
    `  ${kop} fault 'ok_with_error,route=*/bulk_client_data_optimized'${where}`,
    '      the client list answers 200 and shows nobody',
    `  ${kop} fault database_down,forSeconds=60${where}`,
    '      PostgreSQL really stops for a minute',
    `  ${kop} fault plaintext_written${where}`,
    '      a form forgets to encrypt: NI numbers stand in the table, and in its audit',
    '      images',
    `  ${kop} fault key_service_slow=300,forSeconds=120${where}`,
    '      the key service takes 300 ms, and encryption breaks its promise',
    `  ${kop} fault unaudited_change${where}`,
    '      somebody changes a client past the audit trail; it is proven, and stays so',
    '      until a person has looked into it',
    `  ${kop} fault audit_record_rewritten${where}`,
    '      somebody rewrites an audit record that is sealed',
    `  ${kop} fault request_overdue${where}`,
    '      a request for access is open after its month: a critical control fails',
    `  ${kop} fault --clear${where}`,
    '      everything is well again, except what was done to the audit trail',
    `  ${kop} bad-afternoon 10${where}`,
    '      more than two hours of errors in a quarter of an hour',
  ];
}

/** Shorter where it lies below the working directory; quoted where a shell would take it apart. */
function near(path: string): string {
  const way = relative(process.cwd(), path);
  const shown = way.startsWith('..') ? path : way;
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
