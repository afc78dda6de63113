import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';

/** A server on a free port, gone with the test. */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** What speaks Prometheus's API: answers by query. A value of undefined never answers. */
export function prometheusOf(answers: () => Readonly<Record<string, unknown>>): Promise<string> {
  return serving((request, response) => {
    const query = new URL(request.url ?? '/', 'http://x').searchParams.get('query') ?? '';
    const given = answers();
    if (query in given && given[query] === undefined) return;
    const values = given[query] ?? [];
    const body = Array.isArray(values)
      ? {
          status: 'success',
          data: {
            resultType: 'vector',
            result: values.map((value) => ({ metric: {}, value: [Date.now() / 1000, String(value)] })),
          },
        }
      : values;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  });
}
