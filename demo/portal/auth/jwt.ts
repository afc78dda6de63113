import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const payload = z.object({ sub: z.string(), exp: z.number() });
const header = encodeJson({ alg: 'HS256', typ: 'JWT' });

/**
 * Stateless HS256 tokens. Nothing is stored, so a token outlives its logout; `revokeAll` is the only way to end one.
 */
export class Tokens {
  #secret = randomBytes(32);
  /** Requests without a valid token are redirected to the login page instead of answered with 401. */
  sendsToLogin = false;

  issue(profileId: number, lifetimeSeconds: number): string {
    const exp = Math.floor(Date.now() / 1_000) + lifetimeSeconds;
    const content = `${header}.${encodeJson({ sub: String(profileId), exp })}`;
    return `${content}.${this.#sign(content)}`;
  }

  /** Profile id, or undefined for a token that is foreign, altered or expired. */
  verify(token: string): number | undefined {
    const [head, body, signature, ...rest] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined || rest.length > 0 || head !== header) {
      return undefined;
    }
    const expected = Buffer.from(this.#sign(`${head}.${body}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
      return undefined;
    }
    const claims = payload.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    const isValid = claims.success && claims.data.exp > Date.now() / 1_000;
    return isValid ? Number(claims.data.sub) : undefined;
  }

  revokeAll(): void {
    this.#secret = randomBytes(32);
  }

  #sign(content: string): string {
    return createHmac('sha256', this.#secret).update(content).digest('base64url');
  }
}

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
