import { ProviderFailure } from '../../../exporters/encryption/providers/failure.js';
import { LocalCipher } from '../../../exporters/encryption/providers/local.js';
import { json, scriptedServer } from './http-server.js';
import { fromKingstonJsonb, toKingstonJsonb } from './kingston-jsonb.js';

export const PASSWORD = 'portal-canary-password';

/** A portal that encrypts canaries for whoever is logged in, in Kingston's own form. */
export async function encryptingPortal(options: { readonly loses?: boolean } = {}) {
  const keys = new LocalCipher();
  await keys.open();
  const state = { session: 'session-of-the-canary-1', logins: 0 };
  const signal = new AbortController().signal;
  const server = await scriptedServer((request, response) => {
    const body: unknown = JSON.parse(request.body);
    const field = (name: string): unknown =>
      typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
    if (request.path === '/login') {
      state.logins += 1;
      if (field('password') !== PASSWORD) return json(response, 401, { detail: body });
      response.setHeader('set-cookie', `session=${state.session}; HttpOnly`);
      return json(response, 200, {});
    }
    if (request.headers.cookie !== `session=${state.session}`) return json(response, 401, { detail: request.headers });
    const context = Buffer.from(String(field('context')));
    if (request.path === '/canary/encrypt') {
      const sealed = keys.encrypt(Buffer.from(String(field('plaintext')), 'base64'), context, { signal });
      return json(response, 200, { ciphertext: { ...toKingstonJsonb(sealed), field_path: 'canary.value' } });
    }
    const sealed = fromKingstonJsonb(field('ciphertext'));
    try {
      if (sealed === undefined || options.loses === true) throw new ProviderFailure('integrity', 'no');
      return json(response, 200, { plaintext: keys.decrypt(sealed, context).toString('base64') });
    } catch {
      // As Kingston's does: with everything that it was sent.
      return json(response, 422, { detail: body });
    }
  });
  return { ...server, state };
}

/** What a portal may do with a canary; whatever `open` throws is a refusal. */
export interface Cipher {
  seal(plaintext: Buffer, context: Buffer): unknown;
  open(sealed: unknown, context: Buffer): Buffer;
}

/**
 * A portal that lets everybody encrypt canaries, in a way of its own.
 *
 * @param fault asked at each request: the status to answer in place of doing it.
 * @param refusal the status for a ciphertext that does not open.
 */
export function portalWith(cipher: Cipher, fault: () => number | undefined = () => undefined, refusal = 422) {
  return scriptedServer((request, response) => {
    const instead = fault();
    if (instead !== undefined) return json(response, instead, { detail: 'not now' });
    const { plaintext, ciphertext, context } = JSON.parse(request.body);
    try {
      if (request.path === '/canary/encrypt') {
        const sealed = cipher.seal(Buffer.from(String(plaintext), 'base64'), Buffer.from(String(context)));
        return json(response, 200, { ciphertext: sealed });
      }
      const opened = cipher.open(ciphertext, Buffer.from(String(context)));
      return json(response, 200, { plaintext: opened.toString('base64') });
    } catch {
      return json(response, refusal, { detail: 'not a ciphertext' });
    }
  });
}
