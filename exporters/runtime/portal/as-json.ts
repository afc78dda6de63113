import type { JsonPath } from '../../../pack/reading/json-path.js';

type Json = Parameters<JsonPath['query']>[0];

/** What `JSON.parse` gave is JSON; its type says `unknown` only because TypeScript's own says `any`. */
export function asJson(value: unknown): Json {
  return value as Json;
}
