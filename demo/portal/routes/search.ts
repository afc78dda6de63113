import { intQuery, requiredQuery } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';

interface Hit extends Record<string, unknown> {
  readonly entity_type: string;
  readonly entity_id: number;
  readonly entity_name: string;
  readonly entity_description: string;
  readonly relevance_score: number;
}

export const searchRoute: Route = {
  method: 'GET',
  path: '/api/search',
  access: 'database',
  json: 'plain',
  failure: 'Search failed',
  warmMs: WARM_MS.search,
  async handle(call) {
    const query = requiredQuery(call, 'query');
    const limit = intQuery(call, 'limit', 100_000, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const hits = await call.db.rows<Hit>('select * from global_search_entities($1)', [query]);
    const results = hits.slice(0, limit > 0 ? limit : hits.length).map((hit) => ({
      entity_type: hit.entity_type,
      entity_id: hit.entity_id,
      name: hit.entity_name,
      description: hit.entity_description,
      relevance_score: hit.relevance_score,
      additional_info: `Score: ${hit.relevance_score}`,
    }));
    return { query, total_results: results.length, results };
  },
};
