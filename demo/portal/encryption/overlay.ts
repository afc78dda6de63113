import { stringify } from 'yaml';

export interface EncryptionOverlayOptions {
  /** Names of the environment variables with the URLs; the texts themselves never stand in a file. */
  readonly databaseUrlEnv: string;
  readonly replicaUrlEnv?: string;
  /** Default: the state directory of the exporter. */
  readonly stateDirectory?: string;
  /** Entry of `encryption:` that it adds to. Default kingston. */
  readonly name?: string;
  /** Default 30: the tables are small, and a user waits for a fault to be detected. */
  readonly scanSeconds?: number;
  /** Beside the portal's own, as pack.yaml describes them. */
  readonly providers?: Readonly<Record<string, object>>;
}

const SENSITIVE = { table: 'phase_2.product_owner_details', primaryKey: 'product_owner_id', format: 'kingston-jsonb' };
const IMAGES = { table: 'phase_2.product_owner_details_audit', primaryKey: 'id', format: 'kingston-jsonb' };
const FIELDS = ['ni_number', 'dob', 'phone'];
const LOG = { name: 'phase_2.encryption_key_rotation_log', status: 'status' };

/** What the demo says of encryption on top of the shipped description: its columns, keys, provider and record. */
export function encryptionOverlayText(options: EncryptionOverlayOptions): string {
  return `# The encrypted fields of the demo portal; merged over pack.yaml.\n${stringify(encryptionOverlay(options))}`;
}

export function encryptionOverlay({
  databaseUrlEnv,
  replicaUrlEnv,
  stateDirectory,
  name = 'kingston',
  scanSeconds = 30,
  providers = {},
}: EncryptionOverlayOptions) {
  const database = { url: `\${env:${databaseUrlEnv}}` };
  return {
    encryption: {
      [name]: {
        providers: {
          portal: {
            kind: 'endpoint',
            encryptPath: '/api/encryption/canary/encrypt',
            decryptPath: '/api/encryption/canary/decrypt',
            // With the exchange around it, and this portal stands still now and then, as the real one does.
            sla: '30ms',
          },
          ...providers,
        },
        keys: {
          'client-fields': { title: 'Fields of clients', sensitivity: 'restricted', table: LOG },
          canary: { title: 'Canary', sensitivity: 'internal', table: LOG },
        },
        scan: {
          database,
          ...(replicaUrlEnv === undefined ? {} : { replica: { url: `\${env:${replicaUrlEnv}}` } }),
          interval: `${scanSeconds}s`,
          ...(stateDirectory === undefined ? {} : { stateDirectory }),
          columns: [
            ...FIELDS.map((column) => ({ ...SENSITIVE, column, key: 'client-fields' })),
            // Without the key: what an audit row holds is not encrypted again.
            { ...IMAGES, column: 'new_row', path: ['ni_number'], sensitivity: 'restricted' },
          ],
        },
        timings: { 'portal-log': { preset: 'encryption_audit_log', table: 'phase_2.encryption_audit_log', database } },
      },
    },
  };
}
