import type { OAuth2Auth } from '../../../../pack/index.js';
import { LoopWatch } from '../../measuring/loop-watch.js';
import { PhaseClock } from '../../measuring/phase-clock.js';
import { Deadline } from '../deadline.js';
import { Connections, type ReceivedAnswer } from '../http/connections.js';
import { acceptEncoding, decode } from '../http/decode.js';
import { retryAfterMs } from '../http/retry-after.js';
import { permit } from '../permit.js';
import { StepFailure } from '../step-failure.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { jsonAt } from './json-at.js';
import { expiresInMs } from './token-lifetime.js';

const MAX_ANSWER_BYTES = 1_000_000;

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
  const answer = await post(new URL(auth.tokenUrl), form, headers, auth.timeoutMs, tools);
  if (answer.status !== 200) {
    if (answer.status >= 500) throw new StepFailure('status', `the token endpoint answered ${answer.status}`);
    throw new LoginRefused('auth', `the token endpoint answered ${answer.status}`);
  }
  const text = (await decode(answer.body, answer.headers['content-encoding'], MAX_ANSWER_BYTES)).toString('utf8');
  const token = jsonAt(text, '$.access_token');
  if (token === undefined || token === '') throw new LoginRefused('auth', 'the login gave no token at $.access_token');
  tools.redactor.add(token);
  return { headers: { authorization: `Bearer ${token}` }, lifetimeMs: lifetime(text) };
}

/** A token endpoint is not the portal: it gets neither the portal's headers nor its cookies. */
async function post(
  url: URL,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  tools: LoginTools,
): Promise<ReceivedAnswer> {
  permit(url, tools.portal);
  const body = Buffer.from(form.toString());
  const connections = new Connections(tools.onOpenRequest);
  const clock = new PhaseClock(new LoopWatch());
  const limit = new Deadline(timeoutMs, tools.signal, { oursMs: () => clock.oursMs });
  try {
    const answer = await connections.send(
      {
        method: 'POST',
        url,
        headers: {
          accept: 'application/json',
          'accept-encoding': acceptEncoding,
          'user-agent': 'kingston-observability-pack',
          ...headers,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(body.length),
        },
        body,
        maxBodyBytes: MAX_ANSWER_BYTES,
      },
      tools.portal,
      clock,
      limit,
    );
    tools.onAnswer(retryAfterMs(answer.status, answer.headers['retry-after']));
    return answer;
  } catch (error) {
    throw limit.blame(error);
  } finally {
    limit.clear();
    connections.close();
  }
}

function lifetime(text: string): number {
  const parsed: unknown = JSON.parse(text);
  return expiresInMs(
    typeof parsed === 'object' && parsed !== null && 'expires_in' in parsed ? parsed.expires_in : undefined,
  );
}
