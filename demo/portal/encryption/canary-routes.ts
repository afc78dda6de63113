import { z } from 'zod';
import { HttpError } from '../http/errors.js';
import { jsonBody } from '../http/input.js';
import type { DatabaseCall, Route } from '../http/route.js';
import { NotAuthentic, openEnvelope, sealEnvelope, sealedSchema } from './envelope.js';
import { KeyServiceUnavailable, UnknownKey } from './key-service.js';
import { CANARY_KEY } from './schema.js';

const encryptBody = z.object({ plaintext: z.base64(), context: z.string().max(1000) });
const decryptBody = z.object({ ciphertext: z.unknown(), context: z.string().max(1000) });

/** Not part of the portal yet: routes for measuring its encryption without permission to decrypt real data. */
export const encryptionRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/encryption/canary/encrypt',
    access: 'user',
    json: 'plain',
    handle: (call) =>
      asHttp(async () => {
        const { plaintext, context } = bodyOf(call, encryptBody);
        const { keys } = call.portal.encryption;
        const version = await keys.newest(call.db.rows, CANARY_KEY);
        const key = await keys.dataKey(call.db.rows, CANARY_KEY, version);
        return { ciphertext: sealEnvelope(key, version, placeOf(context), Buffer.from(plaintext, 'base64')) };
      }),
  },
  {
    method: 'POST',
    path: '/api/encryption/canary/decrypt',
    access: 'user',
    json: 'plain',
    handle: (call) =>
      asHttp(async () => {
        const { ciphertext, context } = bodyOf(call, decryptBody);
        const sealed = sealedSchema.safeParse(ciphertext);
        if (!sealed.success) throw new NotAuthentic('no ciphertext');
        const key = await call.portal.encryption.keys.dataKey(call.db.rows, CANARY_KEY, sealed.data.key_version);
        return { plaintext: openEnvelope(key, placeOf(context), sealed.data).toString('base64') };
      }),
  },
  {
    method: 'POST',
    path: '/api/encryption/keys/rotate',
    access: 'user',
    json: 'plain',
    handle: async ({ portal }) => ({ message: 'Rotation started', key_version: await portal.encryption.rotate() }),
  },
];

function placeOf(context: string): string {
  return `canary|${context}`;
}

/** Never repeats what it was sent, unlike the rest of the portal. */
function bodyOf<Schema extends z.ZodType>(call: DatabaseCall, schema: Schema): z.output<Schema> {
  const body = schema.safeParse(jsonBody(call));
  if (!body.success) throw new HttpError(400, 'plaintext or ciphertext, and context, are expected');
  return body.data;
}

async function asHttp<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyServiceUnavailable) throw new HttpError(503, 'Key service unavailable');
    if (error instanceof NotAuthentic || error instanceof UnknownKey) throw new HttpError(422, 'Decryption failed');
    throw error;
  }
}
