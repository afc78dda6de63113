import { availableParallelism, freemem, totalmem, type } from 'node:os';
import { naiveNow } from '../http/json.js';
import type { Route } from '../http/route.js';
import type { DemoPortalState } from '../state.js';

const GIB = 1024 ** 3;
const twoDigits = (value: number) => Math.round(value * 100) / 100;

/** Status 200 whatever it finds; and with every connection taken it waits for one, without end. */
export const demoHealthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/health',
    access: 'open',
    json: 'plain',
    async handle({ portal }) {
      const database = await databaseHealth(portal);
      const total = totalmem();
      return {
        status: database.status === 'healthy' ? 'healthy' : 'degraded',
        timestamp: naiveNow(),
        version: '1.0.0',
        database,
        system: {
          platform: type(),
          python_version: '3.11.9',
          cpu_count: availableParallelism(),
          memory_total_gb: twoDigits(total / GIB),
          memory_available_gb: twoDigits(freemem() / GIB),
          memory_percent: Math.round((1 - freemem() / total) * 1_000) / 10,
        },
        api: { total_routes: portal.routes.length, docs_url: '/docs', redoc_url: '/redoc' },
      };
    },
  },
];

async function databaseHealth({ pool }: DemoPortalState) {
  try {
    const db = await pool.acquire();
    try {
      await db.rows('select 1');
      const { size, idle } = pool.counts;
      return { status: 'healthy', pool_size: size, idle_connections: idle, active_connections: size - idle };
    } finally {
      db.release();
    }
  } catch (error) {
    return { status: 'unhealthy', error: error instanceof Error ? error.message : String(error) };
  }
}
