import type { Resolving } from '../domain.js';
import { resolveDatabase } from '../postgres/resolve.js';
import { entriesOf } from '../reading/entries.js';
import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import {
  type CiphertextScan,
  type EncryptionKey,
  type EncryptionProvider,
  type FieldEncryption,
  rotationDays,
  type ScannedColumn,
  type TimingSource,
} from './model.js';
import type { ParsedEncryption } from './schema/encryption.js';
import type { ParsedProvider } from './schema/providers.js';
import type { ParsedColumn, ParsedScan } from './schema/scan.js';

export function resolveEncryption(name: string, written: ParsedEncryption, { places }: Resolving): FieldEncryption {
  const path = ['encryption', name];
  const { sla, probe, providers, keys, scan, timings, ...rest } = written;
  return {
    name,
    ...rest,
    slaSeconds: sla / 1000,
    probe: {
      intervalMs: probe.interval,
      timeoutMs: probe.timeout,
      samples: probe.samples,
      sizesBytes: probe.sizes,
    },
    providers: entriesOf(providers, (each, provider) =>
      resolveProvider(each, provider, [...path, 'providers', each], places),
    ),
    keys: entriesOf(keys, resolveKey),
    ...(scan === undefined ? {} : { scan: resolveScan(scan, keys, [...path, 'scan'], places) }),
    timings: entriesOf(
      timings,
      (each, { preset, table, database }): TimingSource => ({
        name: each,
        preset,
        table: table ?? `public.${preset}`,
        database: resolveDatabase(database, [...path, 'timings', each, 'database'], places),
      }),
    ),
  };
}

function resolveProvider(name: string, written: ParsedProvider, path: KeyPath, places: Places): EncryptionProvider {
  const base = { name, ...(written.sla === undefined ? {} : { slaSeconds: written.sla / 1000 }) };
  const secret = (key: string, text: string) => places.secret([...path, key], text);
  switch (written.kind) {
    case 'local':
      return { ...base, kind: 'local' };
    case 'pkcs11': {
      const { sla: _, pin, ...rest } = written;
      return { ...base, ...rest, pin: secret('pin', pin) };
    }
    case 'pgcrypto': {
      const { sla: _, database, passphrase, ...rest } = written;
      return {
        ...base,
        ...rest,
        database: resolveDatabase(database, [...path, 'database'], places),
        passphrase: secret('passphrase', passphrase),
      };
    }
    case 'transit': {
      const { sla: _, token, caFile, address, ...rest } = written;
      return {
        ...base,
        ...rest,
        address: address.replace(/\/+$/, ''),
        token: secret('token', token),
        ...(caFile === undefined ? {} : { caFile: places.file([...path, 'caFile'], caFile) }),
      };
    }
    case 'kms': {
      const { sla: _, accessKeyId, secretAccessKey, dataKeyLifetime, ...rest } = written;
      return {
        ...base,
        ...rest,
        dataKeyLifetimeMs: dataKeyLifetime,
        ...(accessKeyId === undefined ? {} : { accessKeyId: secret('accessKeyId', accessKeyId) }),
        ...(secretAccessKey === undefined ? {} : { secretAccessKey: secret('secretAccessKey', secretAccessKey) }),
      };
    }
    case 'endpoint': {
      const { sla: _, ...rest } = written;
      return { ...base, ...rest };
    }
  }
}

function resolveKey(name: string, written: ParsedEncryption['keys'][string]): EncryptionKey {
  const { title = name, sensitivity, rotateEvery, provider, providerKey, table } = written;
  return {
    name,
    title,
    sensitivity,
    rotateEveryDays: rotateEvery ?? rotationDays[sensitivity],
    source: sourceOf(name, provider, providerKey, table),
  };
}

function sourceOf(
  name: string,
  provider: string | undefined,
  providerKey: string | undefined,
  table: ParsedEncryption['keys'][string]['table'],
): EncryptionKey['source'] {
  if (provider !== undefined && providerKey !== undefined) {
    return { kind: 'provider', provider, providerKey };
  }
  if (table === undefined) {
    throw new Error('a key without a source passed the rules');
  }
  const { name: tableName, means = name, ...columns } = table;
  return { kind: 'table', table: tableName, means, ...columns };
}

function resolveScan(
  written: ParsedScan,
  keys: ParsedEncryption['keys'],
  path: KeyPath,
  places: Places,
): CiphertextScan {
  const { database, replica, interval, stateDirectory, columns, ...rest } = written;
  return {
    ...rest,
    database: resolveDatabase(database, [...path, 'database'], places),
    ...(replica === undefined ? {} : { replica: resolveDatabase(replica, [...path, 'replica'], places) }),
    intervalMs: interval,
    ...(stateDirectory === undefined
      ? {}
      : { stateDirectory: places.file([...path, 'stateDirectory'], stateDirectory) }),
    columns: columns.map((column) => resolveColumn(column, keys)),
  };
}

function resolveColumn(written: ParsedColumn, keys: ParsedEncryption['keys']): ScannedColumn {
  const { format, sensitivity, key, ...rest } = written;
  const ofKey = key === undefined ? undefined : keys[key]?.sensitivity;
  return {
    ...rest,
    ...(key === undefined ? {} : { key }),
    format: typeof format === 'string' ? { kind: format } : { kind: 'regex', pattern: format.regex },
    sensitivity: sensitivity ?? ofKey ?? 'confidential',
  };
}
