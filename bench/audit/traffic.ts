import pg from 'pg';

export interface Traffic {
  readonly url: string;
  readonly clients: number;
  readonly seconds: number;
  /** Rows that may be changed: 1 to this. */
  readonly rows: number;
  /** Instead of the plain update; $1 is the row. */
  readonly statement?: string;
}

const UPDATE = 'update accounts set balance = balance + 1 where id = $1';

/** Committed transactions per second of clients that update one row each time, as quick as they can. */
export async function transactionsPerSecond({
  url,
  clients,
  seconds,
  rows,
  statement = UPDATE,
}: Traffic): Promise<number> {
  const all = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    }),
  );
  try {
    let done = 0;
    const begunAt = performance.now();
    const endsAt = begunAt + seconds * 1000;
    await Promise.all(
      all.map(async (client) => {
        while (performance.now() < endsAt) {
          await client.query({ name: 'work', text: statement, values: [1 + Math.floor(Math.random() * rows)] });
          done += 1;
        }
      }),
    );
    return (done / (performance.now() - begunAt)) * 1000;
  } finally {
    await Promise.all(all.map((client) => client.end()));
  }
}
