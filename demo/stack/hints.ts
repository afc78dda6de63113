import { join, relative } from 'node:path';
import { packageRoot } from '../../pack/index.js';
import { defaultPorts } from './options.js';

export interface HintFacts {
  readonly adminUrl: string;
  readonly hasPrometheus: boolean;
}

const defaultAdminUrl = `http://127.0.0.1:${defaultPorts.admin}`;

/** What to try next. Every line can be copied into a second terminal as it stands. */
export function hints({ adminUrl, hasPrometheus }: HintFacts): readonly string[] {
  const where = adminUrl === defaultAdminUrl ? '' : ` --admin ${adminUrl}`;
  const kop = `${command()} demo`;
  // Quoted, because a shell would take the stars for file names.
  return [
    'Try, in a second terminal:',
    `  ${kop} fault 'latency=1800,route=/api/client_groups/*'${where}`,
    '      the client pages become slower than their SLA',
    `  ${kop} fault 'ok_with_error,route=*/bulk_client_data_optimized'${where}`,
    '      the client list answers 200 and shows nobody',
    `  ${kop} fault database_down,forSeconds=60${where}`,
    '      PostgreSQL really stops for a minute',
    `  ${kop} fault plaintext_written${where}`,
    '      a form forgets to encrypt: NI numbers stand in the table, and in its audit images',
    `  ${kop} fault key_service_slow=300,forSeconds=120${where}`,
    '      the key service takes 300 ms, and encryption breaks its promise',
    `  ${kop} fault unaudited_change${where}`,
    '      somebody changes a client past the audit trail; it is proven, and stays so until a person has looked into it',
    `  ${kop} fault audit_record_rewritten${where}`,
    '      somebody rewrites an audit record that is sealed',
    `  ${kop} fault --clear${where}`,
    '      everything is well again, except what was done to the audit trail',
    `  ${kop} bad-afternoon 10${where}`,
    '      more than two hours of trouble in a quarter of an hour',
    ...(hasPrometheus ? ['', 'Alerts appear here, and on the page of alerts received.'] : []),
  ];
}

/** In a clone `kop` is on nobody's PATH. */
function command(): string {
  const file = relative(process.cwd(), join(packageRoot(), 'dist', 'cli', 'kop.js'));
  return file.startsWith('..') || file.includes('node_modules') ? 'kop' : `node ${file}`;
}
