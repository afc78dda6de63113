import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ColumnOutcome, scanOnce } from '../../../exporters/encryption/scan/scan-once.js';
import { Redactor } from '../../../exporters/runtime/log.js';
import { looseFolder } from '../../../exporters/runtime/state/index.js';
import type {
  CiphertextFormat,
  CiphertextScan,
  EncryptionKey,
  EncryptionProvider,
  FieldEncryption,
  ScannedColumn,
} from '../../../pack/encryption/model.js';
import { type DatabaseAccess, SecretText } from '../../../pack/index.js';

export function access(url: string, statementTimeoutMs = 30_000): DatabaseAccess {
  return { url: SecretText.literal(url), statementTimeoutMs, maxConnections: 2 };
}

export function column(table: string, format: CiphertextFormat, rest: Partial<ScannedColumn> = {}): ScannedColumn {
  return { table, column: 'value', primaryKey: 'id', format, sensitivity: 'restricted', ...rest };
}

export function scanOf(
  url: string,
  columns: readonly ScannedColumn[],
  rest: Partial<CiphertextScan> = {},
): CiphertextScan & { readonly stateDirectory: string } {
  return {
    database: access(url),
    intervalMs: 3_600_000,
    rowsPerSecond: 10_000_000,
    batchRows: 5000,
    stateDirectory: mkdtempSync(join(tmpdir(), 'kop-scan-')),
    columns,
    ...rest,
  };
}

export function encryptionOf(
  scan: CiphertextScan,
  keys: readonly EncryptionKey[] = [],
  providers: readonly EncryptionProvider[] = [],
): FieldEncryption {
  return {
    name: 'main',
    portal: 'main',
    title: 'Encryption',
    team: 'security',
    slaSeconds: 0.01,
    objective: 'fast',
    probe: { intervalMs: 15_000, timeoutMs: 5000, samples: 1, sizesBytes: [16] },
    providers,
    keys,
    scan,
    timings: [],
  };
}

/** Where `kop encryption scan` keeps its progress. */
export function commandFolder({ stateDirectory = mkdtempSync(join(tmpdir(), 'kop-scan-')) }: CiphertextScan) {
  return looseFolder(join(stateDirectory, 'command'));
}

export interface Scanned extends Partial<Extract<ColumnOutcome, { whole: unknown }>> {
  readonly problem?: string;
}

export async function scanNow(
  scan: CiphertextScan,
  keys: readonly EncryptionKey[] = [],
  rest: {
    signal?: AbortSignal;
    isRestart?: boolean;
    notes?: string[];
    providers?: readonly EncryptionProvider[];
  } = {},
): Promise<Scanned[]> {
  return scanOnce({
    encryption: encryptionOf(scan, keys, rest.providers),
    scan,
    folder: commandFolder(scan),
    columns: scan.columns,
    isRestart: rest.isRestart ?? false,
    redactor: new Redactor(),
    signal: rest.signal ?? new AbortController().signal,
    onProgress: () => undefined,
    onNote: (_, note) => rest.notes?.push(note),
  });
}

export async function run(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result: pg.QueryResult<Record<string, unknown>> = await client.query(sql, [...values]);
    return result.rows;
  } finally {
    await client.end();
  }
}
