import pg from 'pg';

export type DemoQuery = <Row extends Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>;

const NAME = 'kop-demo-encryption';

/** A connection of its own: the portal's jobs do not take those of its requests. */
export async function withQuery<Result>(
  databaseUrl: string,
  work: (query: DemoQuery) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: NAME,
    connectionTimeoutMillis: 5000,
    statement_timeout: 30_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(
      async <Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** All or nothing. */
export async function inTransaction<Result>(query: DemoQuery, work: () => Promise<Result>): Promise<Result> {
  await query('begin');
  try {
    const result = await work();
    await query('commit');
    return result;
  } catch (error) {
    await query('rollback').catch(() => undefined);
    throw error;
  }
}
