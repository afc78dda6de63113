/** Names and addresses of PostgreSQL. */
import { z } from 'zod';
import { expected, text } from '../../reading/schema/say.js';

/** `schema.table` as PostgreSQL folds it, without quotes: a dot inside a name cannot be said, and nobody has one. */
export function tableName() {
  return dotted(/^[^\s."*]+\.[^\s."*]+$/, 'a table as schema.table, such as audit.log');
}

export function functionName() {
  return dotted(/^[^\s."*()]+\.[^\s."*()]+$/, 'a function as schema.function, such as audit.record');
}

/** `schema.table`, with `*` for any characters. */
export function tablePattern() {
  return dotted(/^[^\s."]+\.[^\s."]+$/, 'a table as schema.table, such as public.client_*');
}

function dotted(pattern: RegExp, what: string) {
  return z.string({ error: expected(what) }).regex(pattern, { error: expected(what) });
}

const databaseForm = 'a URL such as postgres://user@host:5432/database, or a reference to one';

/** A PostgreSQL URL. The value of a reference is checked when it is used. */
export function databaseUrl() {
  return text().refine((written) => written.includes(`\${`) || isDatabaseUrl(written), {
    error: expected(databaseForm),
  });
}

function isDatabaseUrl(written: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(written) || !URL.canParse(written)) {
    return false;
  }
  const { host, pathname, hash } = new URL(written);
  return host !== '' && /^\/[^/]+$/.test(pathname) && hash === '';
}
