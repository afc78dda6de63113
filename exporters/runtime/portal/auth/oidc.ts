import * as oauth from 'oauth4webapi';
import type { OidcAuth } from '../../../../pack/index.js';
import { StepFailure } from '../step-failure.js';
import { fillForms } from './form-login.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { filled, formWith, readHtml } from './html-forms.js';
import { LoginBrowser, type Page } from './login-browser.js';
import { expiresInMs } from './token-lifetime.js';

/** The connection of one login or logout to an identity provider. */
class Provider {
  readonly #auth: OidcAuth;
  readonly #tools: LoginTools;
  readonly #visitor: LoginBrowser;
  readonly #client: oauth.Client;

  constructor(auth: OidcAuth, tools: LoginTools, visitor: LoginBrowser) {
    this.#auth = auth;
    this.#tools = tools;
    this.#visitor = visitor;
    this.#client = { client_id: tools.reveal(auth.clientId) };
  }

  get client(): oauth.Client {
    return this.#client;
  }

  async discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#auth.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, this.#transport));
  }

  /** Exchanges the code for tokens. The library checks state, issuer, nonce and the claims of the ID token. */
  async redeem(
    server: oauth.AuthorizationServer,
    callback: URL,
    { state, nonce, verifier }: { readonly state: string; readonly nonce: string; readonly verifier: string },
  ): Promise<oauth.TokenEndpointResponse> {
    const parameters = oauth.validateAuthResponse(server, this.#client, callback, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      this.#authentication,
      parameters,
      this.#auth.redirectUri,
      verifier,
      this.#transport,
    );
    return oauth.processAuthorizationCodeResponse(server, this.#client, response, {
      requireIdToken: this.#auth.scope.split(' ').includes('openid'),
      expectedNonce: nonce,
    });
  }

  async refresh(server: oauth.AuthorizationServer, token: string): Promise<oauth.TokenEndpointResponse> {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      this.#client,
      this.#authentication,
      token,
      this.#transport,
    );
    return oauth.processRefreshTokenResponse(server, this.#client, response);
  }

  async revoke(server: oauth.AuthorizationServer, token: string): Promise<void> {
    const response = await oauth.revocationRequest(server, this.#client, this.#authentication, token, this.#transport);
    await oauth.processRevocationResponse(response);
  }

  get #authentication(): oauth.ClientAuth {
    const { clientSecret, clientAuthentication } = this.#auth;
    if (clientSecret === undefined) return oauth.None();
    const secret = this.#tools.reveal(clientSecret);
    if (clientAuthentication === 'body') return oauth.ClientSecretPost(secret);
    return oauth.ClientSecretBasic(secret);
  }

  /**
   * Sends the library's requests like all others: through the portal's proxy, with its trusted certificates and
   * deadline.
   */
  get #transport() {
    return {
      [oauth.allowInsecureRequests]: new URL(this.#auth.issuer).protocol === 'http:',
      [oauth.customFetch]: async (
        url: string,
        { method, headers, body }: { method: string; headers: Record<string, string>; body?: unknown },
      ): Promise<Response> => {
        const page = await this.#visitor.ask({
          method,
          url: new URL(url),
          headers,
          ...(body === undefined || body === null
            ? {}
            : { body: { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(String(body)) } }),
        });
        if (page.answer.status >= 500) throw new StepFailure('status', `the provider answered ${page.answer.status}`);
        return responseOf(page);
      },
    };
  }
}

/**
 * The authorization code flow with PKCE (RFC 6749 and 7636, OpenID Connect Core): the exporter is the client, and fills
 * in the provider's forms as a user would. The redirect address is never requested; only the code in it is used.
 */
export async function logInWithOidc(auth: OidcAuth, tools: LoginTools): Promise<Grant> {
  return withProvider(auth, tools, async (provider, visitor) => {
    const server = await provider.discover();
    if (server.authorization_endpoint === undefined)
      throw new StepFailure('protocol', 'the provider names no authorization endpoint');
    const endpoint = new URL(server.authorization_endpoint);
    visitor.allow(endpoint.origin);
    const secrets = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    };
    const parameters = {
      ...auth.parameters,
      response_type: 'code',
      client_id: provider.client.client_id,
      redirect_uri: auth.redirectUri,
      scope: auth.scope,
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(secrets.verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) endpoint.searchParams.set(name, value);
    const isCallback = callbackOf(auth.redirectUri);
    const first = await visitor.visit({ method: 'GET', url: endpoint }, isCallback);
    const last = await fillForms(auth, first, visitor, tools, isCallback);
    const { location } = last.answer.headers;
    if (location === undefined || !isCallback(new URL(location, last.url)))
      throw new LoginRefused('auth', 'the provider did not lead back to the redirectUri: is a form missing?');
    const tokens = await provider.redeem(server, new URL(location, last.url), secrets);
    return grantOf(auth, tokens, tools);
  });
}

function grantOf(
  auth: OidcAuth,
  tokens: oauth.TokenEndpointResponse,
  tools: LoginTools,
  before: { readonly refreshToken?: string | undefined; readonly idToken?: string | undefined } = {},
): Grant {
  const refreshToken = tokens.refresh_token ?? before.refreshToken;
  const idToken = tokens.id_token ?? before.idToken;
  for (const token of [tokens.access_token, refreshToken, idToken]) if (token !== undefined) tools.redactor.add(token);
  return {
    headers: { authorization: `Bearer ${tokens.access_token}` },
    lifetimeMs: expiresInMs(tokens.expires_in),
    ...(refreshToken === undefined
      ? {}
      : {
          refresh: (later: LoginTools) =>
            withProvider(auth, later, async (provider) => {
              const next = await provider.refresh(await provider.discover(), refreshToken);
              return grantOf(auth, next, later, { refreshToken, idToken });
            }),
        }),
    ...(auth.logout
      ? { logOut: (later: LoginTools) => logOut(auth, later, { token: refreshToken ?? tokens.access_token, idToken }) }
      : {}),
  };
}

/** Ends the provider's session (OpenID Connect RP-Initiated Logout) if possible, otherwise the token (RFC 7009). */
function logOut(
  auth: OidcAuth,
  tools: LoginTools,
  { token, idToken }: { readonly token: string; readonly idToken: string | undefined },
): Promise<void> {
  return withProvider(auth, tools, async (provider, visitor) => {
    const server = await provider.discover();
    if (server.revocation_endpoint !== undefined) await provider.revoke(server, token);
    if (server.end_session_endpoint === undefined) {
      if (server.revocation_endpoint !== undefined) return;
      throw new StepFailure('protocol', 'the provider names neither an end_session_endpoint nor a revocation_endpoint');
    }
    const url = new URL(server.end_session_endpoint);
    visitor.allow(url.origin);
    url.searchParams.set('client_id', provider.client.client_id);
    if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken);
    const page = await visitor.visit({ method: 'GET', url });
    const last = await confirm(page, visitor);
    if (last.answer.status >= 400) throw new StepFailure('status', `status ${last.answer.status} of the logout`);
  });
}

/** Some providers ask for confirmation. */
async function confirm(page: Page, visitor: LoginBrowser): Promise<Page> {
  if (page.answer.status >= 300) return page;
  const form = formWith(readHtml(await page.text(), page.url), []);
  if (form === undefined || form.method !== 'POST') return page;
  visitor.demandAllowed(form.action, page.url, 'the form of the logout');
  return visitor.visit({
    method: 'POST',
    url: form.action,
    body: { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(filled(form, new Map()).toString()) },
    headers: { origin: page.url.origin, referer: page.url.origin + page.url.pathname },
  });
}

async function withProvider<T>(
  auth: OidcAuth,
  tools: LoginTools,
  work: (provider: Provider, visitor: LoginBrowser) => Promise<T>,
): Promise<T> {
  const visitor = new LoginBrowser(tools, auth.timeoutMs, [new URL(auth.issuer).origin]);
  try {
    return await work(new Provider(auth, tools, visitor), visitor);
  } catch (error) {
    throw asFailure(error);
  } finally {
    visitor.close();
  }
}

function callbackOf(redirectUri: string): (url: URL) => boolean {
  const { origin, pathname } = new URL(redirectUri);
  return (url) => url.origin === origin && url.pathname === pathname;
}

async function responseOf(page: Page): Promise<Response> {
  const { status, headers } = page.answer;
  const type = headers['content-type'];
  const body = await page.text();
  const challenge = headers['www-authenticate'];
  return new Response(body === '' ? null : body, {
    status,
    headers: {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    },
  });
}

/** Only codes of the standards: descriptions are free text, and may repeat what was sent. */
function asFailure(error: unknown): unknown {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
    return new LoginRefused('auth', `the provider refused (${codeIn(error.error)})`);
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return new LoginRefused('auth', `the provider refused the client (status ${error.status})`);
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return new StepFailure('protocol', `the provider's answer is not as OpenID Connect has it: ${error.message}`);
  return error;
}

function codeIn(written: string): string {
  return /^[a-z_]{1,60}$/.test(written) ? written : 'an unknown code';
}
