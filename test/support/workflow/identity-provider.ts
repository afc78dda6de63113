import { createServer, type IncomingMessage } from 'node:http';
import { Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';

export interface IdentityProviderOptions {
  /** Seconds that an access token lives. Default 3600. */
  readonly tokenSeconds?: number;
  readonly issuesRefreshTokens?: boolean;
  readonly clientSecret?: string;
  readonly redirectUri: string;
}

/** A real OpenID provider (oidc-provider) with its own pages for login and consent, on a free port. */
export interface IdentityProvider {
  readonly issuer: string;
  /** `METHOD path` of each request, without queries, interaction ids blanked. */
  readonly requests: readonly string[];
  /** Whether a token is one that it gave and did not take back. */
  accepts(token: string): Promise<boolean>;
  /** Events of the provider by name, such as `end_session.success`. */
  readonly events: readonly string[];
}

export async function identityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const requests: string[] = [];
  const events: string[] = [];
  let handle: ReturnType<Provider['callback']> | undefined;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${shown(request)}`);
    handle?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the provider listens on no port');
  const issuer = `http://localhost:${address.port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'portal-spa',
        redirect_uris: [options.redirectUri],
        grant_types: ['authorization_code', ...(options.issuesRefreshTokens === true ? ['refresh_token'] : [])],
        response_types: ['code'],
        ...(options.clientSecret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: options.clientSecret }),
      },
    ],
    cookies: { keys: ['a key of the tests'] },
    pkce: { required: () => true },
    features: { revocation: { enabled: true }, introspection: { enabled: true } },
    ttl: { AccessToken: options.tokenSeconds ?? 3600, Session: 3600, Interaction: 3600, Grant: 3600, IdToken: 3600 },
    ...(options.issuesRefreshTokens === true ? { issueRefreshToken: () => true } : {}),
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  for (const event of [
    'end_session.success',
    'access_token.destroyed',
    'access_token.saved',
    'grant.success',
    'grant.error',
  ])
    provider.on(event, () => events.push(event));
  handle = provider.callback();
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    issuer,
    requests,
    events,
    accepts: async (token) => {
      const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
      return answer.status === 200;
    },
  };
}

function shown({ url = '' }: IncomingMessage): string {
  return new URL(url, 'http://provider').pathname.replace(/(interaction|auth)\/[\w-]{10,}/g, '$1/…');
}
