import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import type { DatabaseAccess } from './model.js';
import type { ParsedDatabase } from './schema/database.js';

/** @param path of the block, to which a reference to a file is relative. */
export function resolveDatabase(database: ParsedDatabase, path: KeyPath, places: Places): DatabaseAccess {
  const { url, password, caFile, statementTimeout, maxConnections } = database;
  return {
    url: places.secret([...path, 'url'], url),
    ...(password === undefined ? {} : { password: places.secret([...path, 'password'], password) }),
    ...(caFile === undefined ? {} : { caFile: places.file([...path, 'caFile'], caFile) }),
    statementTimeoutMs: statementTimeout,
    maxConnections,
  };
}
