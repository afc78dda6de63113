import { member } from './chain.js';
import { isHarmlessName } from './harmless.js';
import { isSecretName } from './names.js';
import { type HarEntry, isJson, jsonOf } from './read.js';

const MAX_CONDITIONS = 4;

/**
 * Conditions for a good answer, derived from one: its status, its type, and its shape. Values are left out, because
 * they are personal data and may change.
 */
export function expectationOf(
  { status, mimeType, body }: HarEntry,
  isSecret: (name: string) => boolean,
): Record<string, unknown> {
  // The browser had it in its cache; a probe has no cache.
  const expect = status === 304 ? 200 : status;
  const json = isJson(mimeType) ? conditionsOf(jsonOf(body), isSecret) : [];
  return {
    status: expect,
    ...(mimeType === '' || status === 304 || status === 204 ? {} : { contentType: mimeType }),
    ...(json.length === 0 ? {} : { json }),
  };
}

function conditionsOf(json: unknown, isSecret: (name: string) => boolean): Record<string, unknown>[] {
  if (Array.isArray(json)) return [json.length > 0 ? { path: '$', minItems: 1 } : { path: '$', type: 'array' }];
  if (typeof json !== 'object' || json === null) return [];
  const members = Object.entries(json).filter(
    ([name]) => /^[A-Za-z_]\w{0,40}$/.test(name) && isHarmlessName(name) && !isSecretName(name) && !isSecret(name),
  );
  // Many keys mean a map by id, and the keys are data.
  if (members.length > 30) return [{ path: '$', type: 'object' }];
  // Kingston's portal answers 200 with an error in it.
  const noError = Object.hasOwn(json, 'error') ? [] : [{ path: '$.error', exists: false }];
  const shapes = members.flatMap(([name, value]): Record<string, unknown>[] => {
    const path = `$${member(name)}`;
    if (Array.isArray(value)) return [value.length > 0 ? { path, minItems: 1 } : { path, type: 'array' }];
    if (typeof value === 'object' && value !== null) return [{ path, type: 'object' }];
    return /^(id|.*_id)$/.test(name) ? [{ path, exists: true }] : [];
  });
  return [...noError, ...shapes].slice(0, MAX_CONDITIONS);
}
