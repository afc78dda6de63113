import type { z } from 'zod';
import { count, section, text } from '../../reading/schema/say.js';
import { timeout } from '../../reading/schema/units.js';
import { databaseUrl } from './texts.js';

/** A `database:` block; it means the same in every section. */
export const database = () =>
  section({
    url: databaseUrl().describe(
      `postgres://user@host:port/database, or a reference such as \${env:AUDIT_DATABASE_URL}. The role only reads.`,
    ),
    password: text().exactOptional().describe('Password, as a reference. Default: the one in the URL, if any.'),
    caFile: text().exactOptional().describe('Certificates to trust, PEM. Default: those of Node.js.'),
    statementTimeout: timeout().prefault('30s').describe('Longest time that one query may take. Default 30s.'),
    maxConnections: count(1, 20).prefault(3).describe('Connections of ours at once. Default 3.'),
  });

export type ParsedDatabase = z.output<ReturnType<typeof database>>;
