import type { JsonPath } from '../../../pack/reading/json-path.js';

type Json = Parameters<JsonPath['query']>[0];

/** The result of `JSON.parse` is JSON; it is typed `unknown` here because TypeScript types it `any`. */
export function asJson(value: unknown): Json {
  return value as Json;
}
