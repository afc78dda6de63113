import type { OAuth2Auth } from '../../../../pack/index.js';
import { decode } from '../http/decode.js';
import { StepFailure } from '../step-failure.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { post, tokenAt } from './login.js';

/** Fetch a new token this much before the old one expires. */
const EXPIRY_MARGIN_MS = 30_000;
const DEFAULT_LIFETIME_MS = 5 * 60_000;

/** The client-credentials grant of RFC 6749, section 4.4. */
export async function fetchToken(auth: OAuth2Auth, tools: LoginTools): Promise<Grant> {
  const id = tools.reveal(auth.clientId);
  const secret = tools.reveal(auth.clientSecret);
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (auth.scope !== undefined) form.set('scope', auth.scope);
  if (auth.audience !== undefined) form.set('audience', auth.audience);
  const headers: Record<string, string> = {};
  if (auth.clientAuthentication === 'basic') {
    // RFC 6749, 2.3.1: both parts are form-encoded first.
    const pair = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
    tools.redactor.add(pair);
    headers.authorization = `Basic ${pair}`;
  } else {
    form.set('client_id', id);
    form.set('client_secret', secret);
  }
  const body = Buffer.from(form.toString());
  const answer = await post(
    new URL(auth.tokenUrl),
    'POST',
    'application/x-www-form-urlencoded',
    body,
    headers,
    auth.timeoutMs,
    tools,
  );
  if (answer.status !== 200) {
    if (answer.status >= 500) throw new StepFailure('status', `the token endpoint answered ${answer.status}`);
    throw new LoginRefused('auth', `the token endpoint answered ${answer.status}`);
  }
  const text = (await decode(answer.body, answer.headers['content-encoding'], 1_000_000)).toString('utf8');
  const token = tokenAt(text, '$.access_token');
  tools.redactor.add(token);
  return { headers: { authorization: `Bearer ${token}` }, lifetimeMs: lifetime(text) };
}

function lifetime(text: string): number {
  const parsed: unknown = JSON.parse(text);
  const seconds =
    typeof parsed === 'object' && parsed !== null && 'expires_in' in parsed ? Number(parsed.expires_in) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds <= 0) return DEFAULT_LIFETIME_MS;
  return Math.max(seconds * 500, seconds * 1000 - EXPIRY_MARGIN_MS);
}
