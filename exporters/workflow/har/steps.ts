import { applyPathStyle, isSamePage, type Portal } from '../../../pack/index.js';
import { itemName, memberName, nameAmong } from '../../../pack/secrets/named-values.js';
import { isPasswordName, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { Chain, chainVariableName, singular } from './chain.js';
import { expectationOf } from './expectation.js';
import { formFields } from './fields.js';
import { isHarmless, isHarmlessName, isHarmlessSegment } from './harmless.js';
import type { StepRequest } from './kept.js';
import type { RecordedAuth } from './login.js';
import { isPersonalName, isSecretName } from './names.js';
import { type HarEntry, isJson, jsonOf, mediaType } from './read.js';
import { remembering } from './remembering.js';
import { hasSecretSegment, holdsSecretName, type Segment, segmentsOf } from './route.js';
import type { RecordedSecrets } from './secrets.js';
import { isMutatingEntry } from './select.js';

/** A step in the form of the configuration. */
export interface WrittenStep {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly json: unknown } | { readonly form: Readonly<Record<string, string>> };
  readonly mutates?: true;
  readonly extract?: Readonly<Record<string, { readonly json: string }>>;
  readonly expect: Readonly<Record<string, unknown>>;
}

export interface WrittenSteps {
  readonly steps: readonly WrittenStep[];
  readonly variables: readonly string[];
  /** Environment variables for the values that were secrets. */
  readonly environment: readonly string[];
  /** Variables of the portal, each with a reference in place of a secret in a path. */
  readonly portalVariables: Readonly<Record<string, string>>;
  /** `auth:` of the portal, if a login was recorded and the portal has none. */
  readonly auth?: Readonly<Record<string, unknown>>;
  /** Typed or chosen values that are written unchanged, for a person to review. */
  readonly kept: readonly string[];
  /** What could not be converted, one sentence each. */
  readonly notes: readonly string[];
}

/** Parameters with which pages bypass caches. */
const cacheBuster = /^(_|_t|ts|timestamp|nocache|cb|cachebust(er)?)$/i;
/** The browser or the connection adds these automatically. */
const browserHeader =
  /^(:|accept|alt-used|access-control-|cache-control|connection|content-|cookie|dnt|expect|forwarded|host|if-|keep-alive|origin|pragma|priority|proxy-|purpose|range|referer|sec-|te$|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-|x-client-data|traceparent|tracestate|baggage|x-b3-|x-request-id|x-correlation-id|sentry-|authorization$)/i;
/** Our references and templates have no meaning in recorded data, and cannot be escaped. */
const looksLikeOurs = /\$\{|\{[A-Za-z][A-Za-z0-9_]*\}/;

/** Longer documents are cut in the report, not in the file. */
const LONGEST_KEPT = 1000;

/** Converts requests into steps, one after the other, because each may use values from earlier answers. */
export function writeSteps(
  kept: readonly StepRequest[],
  portal: Portal,
  secrets: RecordedSecrets,
  auth: RecordedAuth | undefined,
): WrittenSteps {
  const writer = new Writer(portal, secrets);
  const written = auth === undefined ? undefined : writer.auth(auth);
  for (const [index, one] of kept.entries()) writer.write(one, index);
  return { ...writer.result(), ...(written === undefined ? {} : { auth: written }) };
}

type Unfinished = Omit<WrittenStep, 'extract'> & { readonly index: number };

class Writer {
  readonly #portal: Portal;
  readonly #secrets: RecordedSecrets;
  readonly #chain: Chain;
  readonly #steps: Unfinished[] = [];
  /** The value of each variable, to distinguish two secrets with the same name. */
  readonly #environment = new Map<string, string>();
  /** Variables of the portal by the secret that they hold. */
  readonly #pathVariables = new Map<string, string>();
  readonly #portalVariables: Record<string, string> = {};
  readonly #kept = new Set<string>();
  readonly #notes = new Set<string>();

  constructor(portal: Portal, secrets: RecordedSecrets) {
    this.#portal = portal;
    this.#secrets = secrets;
    this.#chain = new Chain(remembering((name) => isHarmlessName(name) && !secrets.isIn(name)));
  }

  /** The name of the user is personal data, so it becomes a reference too. */
  auth(auth: RecordedAuth): Record<string, unknown> {
    const reference = (name: string, value: string) => `\${env:${this.#variableFor(name, value)}}`;
    switch (auth.kind) {
      case 'basic':
        return {
          kind: 'basic',
          username: reference('username', auth.username),
          password: reference('password', auth.password),
        };
      case 'header':
        this.#notes.add(`no login was recognised; auth: sends the recorded ${auth.scheme}, which may expire`);
        return { kind: 'header', value: `${auth.scheme} ${reference('token', auth.value)}` };
      case 'login': {
        const fields = [...auth.fields].filter(([name]) => !this.#isNewEachTime(name, 'the login: a field'));
        return {
          kind: 'login',
          path: this.#inUnderscores(auth.path) ?? auth.path,
          ...(auth.method === 'POST' ? {} : { method: auth.method }),
          ...(auth.encoding === 'json' || auth.method === 'GET' ? {} : { encoding: auth.encoding }),
          fields: Object.fromEntries(
            fields.map(([name, value]) => [name, isLoginSetting(name, value) ? value : reference(name, value)]),
          ),
          ...(auth.status === 200 ? {} : { expectStatus: auth.status }),
          ...(auth.token === undefined ? {} : { token: auth.token }),
        };
      }
      case 'oidc': {
        const { issuer, clientId, redirectUri, scope, forms } = auth;
        const filled = forms.map((fields) => ({
          fields: Object.fromEntries([...fields].map(([name, value]) => [name, reference(name, value)])),
        }));
        return {
          kind: 'oidc',
          issuer,
          clientId: this.#isSecret('clientId', clientId) ? reference('client_id', clientId) : clientId,
          redirectUri,
          ...(scope === '' ? {} : { scope }),
          forms: filled,
        };
      }
    }
  }

  write(kept: StepRequest, index: number): void {
    const { request } = kept;
    const path = this.#path(request);
    const body = this.#body(request);
    if (path === undefined || body === 'unwritable') return;
    const name = this.#name(request);
    const query = this.#query(request, name);
    const headers = this.#headers(request, name);
    this.#steps.push({
      index,
      name,
      ...(request.method === 'GET' ? {} : { method: request.method }),
      path,
      ...(Object.keys(query).length === 0 ? {} : { query }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(isMutatingEntry(request) ? { mutates: true as const } : {}),
      expect: { ...expectationOf(kept.answer, (name) => this.#secrets.isIn(name)), ...this.#ending(kept) },
    });
    this.#chain.learn(kept, index);
  }

  result(): WrittenSteps {
    const steps = this.#steps.map(({ index, expect, ...step }): WrittenStep => {
      const extract = this.#chain.extractsOf(index);
      return { ...step, ...(Object.keys(extract).length === 0 ? {} : { extract }), expect };
    });
    return {
      steps,
      variables: this.#chain.variables,
      environment: [...this.#environment.keys()],
      portalVariables: this.#portalVariables,
      kept: [...this.#kept],
      notes: [...this.#notes],
    };
  }

  /** In the underscore style, from which the portal's style is derived again. */
  #path({ url, method }: HarEntry): string | undefined {
    const words: string[] = [];
    const segments = this.#segmentsOf(url.pathname).map(({ written, plain, isSecret }) => {
      const variable = plain === '' ? undefined : this.#chain.use(plain);
      if (variable !== undefined) return variable;
      if (isSecret) return this.#pathVariable(words.at(-1) ?? '', plain);
      if (/\d/.test(plain) && !/^v\d+$/i.test(plain)) this.#kept.add(`path: ${plain}`);
      else if (plain !== '') words.push(plain);
      return this.#spelling(written);
    });
    if (!segments.includes(undefined)) return segments.join('/');
    this.#notes.add(`a ${method} whose path cannot be written in the portal's path style is left out`);
    return undefined;
  }

  /** The segments of a path, with what the complete recording tells about each. */
  #segmentsOf(path: string): Segment[] {
    return segmentsOf(path).map((segment) => ({
      ...segment,
      isSecret:
        segment.isSecret ||
        (segment.plain !== '' && (this.#secrets.isIn(segment.written) || !isHarmlessSegment(segment.plain))),
    }));
  }

  /** A path cannot contain a reference, so the portal gets a variable with it. */
  #pathVariable(before: string, value: string): string {
    const known = this.#pathVariables.get(value);
    if (known !== undefined) return `{${known}}`;
    const variable = this.#chain.unused(
      chainVariableName(`${singular(before) || 'path'} value`),
      Object.keys(this.#portal.variables),
    );
    this.#pathVariables.set(value, variable);
    this.#portalVariables[variable] = `\${env:${this.#variableFor(variable, value)}}`;
    return `{${variable}}`;
  }

  /** The target of its redirects, if it is another page: only words, because the rest may be personal data. */
  #ending({ request, answer }: StepRequest): { readonly endsAt?: string } {
    if (isSamePage(request.url, answer.url)) return {};
    const path = this.#segmentsOf(answer.url.pathname)
      .map(({ written, isSecret }) => (!isSecret && /^[A-Za-z_-]*$/.test(written) ? written : '*'))
      .join('/');
    return { endsAt: answer.url.origin === request.url.origin ? path : answer.url.origin + path };
  }

  #spelling(segment: string): string | undefined {
    const written = [segment.replaceAll('-', '_'), segment];
    return written.find((candidate) => applyPathStyle(candidate, this.#portal) === segment);
  }

  #inUnderscores(path: string): string | undefined {
    const segments = path.split('/').map((segment) => this.#spelling(segment));
    return segments.includes(undefined) ? undefined : segments.join('/');
  }

  #query({ url }: HarEntry, step: string): Record<string, string> {
    const query: Record<string, string> = {};
    const all = [...url.searchParams];
    const isLed = segmentsOf(url.pathname).some((segment) => segment.leads);
    for (const [name, value] of all) {
      if (cacheBuster.test(name)) continue;
      if (value === '' || name === '') continue;
      // After `/verify` it is a secret that was sent by mail, whatever its name is.
      const written =
        isLed && isHarmlessName(name)
          ? (this.#chain.use(value, name) ?? this.#reference(name, value))
          : this.#text(nameAmong(name, all, isSecretName), value, `${step}: parameter`);
      if (written === undefined) continue;
      if (isPasswordName(name))
        this.#notes.add(
          `${step}: parameter ${name} is sent as a reference; if this step is the login, describe it below auth: of the portal instead`,
        );
      if (Object.hasOwn(query, name)) this.#notes.add(`${step}: of several parameters ${name} the first is kept`);
      else query[name] = written;
    }
    return query;
  }

  #headers({ requestHeaders }: HarEntry, step: string): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const { name, value } of requestHeaders) {
      if (browserHeader.test(name) || value === '') continue;
      const written = this.#text(name, value, `${step}: header`);
      if (written !== undefined) headers[name] = written;
    }
    return headers;
  }

  #body({ postData, method, url }: HarEntry): WrittenStep['body'] | 'unwritable' {
    if (postData === undefined || (postData.text === '' && postData.params.length === 0)) return undefined;
    const type = mediaType(postData.mimeType);
    const json = isJson(type) ? jsonOf(postData.text) : undefined;
    if (json !== undefined) {
      const written = this.#json(json, '', `${method} ${this.#shownPath(url)}`);
      return written === undefined ? 'unwritable' : { json: written };
    }
    if (type === 'application/x-www-form-urlencoded') {
      const form: Record<string, string> = {};
      const all = formFields(postData);
      for (const [name, value] of all) {
        const written =
          value === ''
            ? undefined
            : this.#text(nameAmong(name, all, isSecretName), value, `${method} ${this.#shownPath(url)}: field`);
        if (written !== undefined) form[name] = written;
      }
      return { form };
    }
    this.#notes.add(
      `a ${method} with a body of type ${type || 'unknown'} is left out; only JSON and forms can be written`,
    );
    return 'unwritable';
  }

  /** Numbers stay numbers: a variable would arrive as a text. */
  #json(value: unknown, name: string, where: string): unknown {
    if (Array.isArray(value)) {
      return value
        .map((item, index) => this.#json(item, itemName(name, value, index, isSecretName), where))
        .filter((item) => item !== undefined);
    }
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).flatMap(([key, inner], _, entries) => {
          const isWritable = this.#isWritableName(key, `${where}: field`);
          const written = isWritable
            ? this.#json(inner, memberName(key, name, entries, isSecretName), where)
            : undefined;
          return written === undefined ? [] : [[key, written]];
        }),
      );
    }
    if (typeof value === 'number') {
      if (!this.#isSecret(name, String(value))) {
        this.#keep(name, String(value), where);
        return value;
      }
      this.#notes.add(`${where}: the number ${this.#shown(name)} may be a secret and becomes a text`);
    }
    if (typeof value === 'number') return this.#text(name, String(value), `${where}: field`);
    return typeof value === 'string' && value !== '' ? this.#text(name, value, `${where}: field`) : value;
  }

  /** The value itself, a variable or a reference; undefined, with a note, if none of them can be written. */
  #text(name: string, value: string, what: string): string | undefined {
    if (!this.#isWritableName(name, what)) return undefined;
    const variable = this.#chain.use(value, name);
    if (variable !== undefined) return variable;
    const isSecret = this.#isSecret(name, value);
    if (!isSecret && looksLikeOurs.test(value)) {
      this.#notes.add(`${what} ${this.#shown(name)} is left out, because its braces would be taken for a variable`);
      return undefined;
    }
    if (!isSecret) {
      this.#keep(name, value, what);
      return value;
    }
    return this.#isNewEachTime(name, what) ? undefined : this.#reference(name, value);
  }

  #reference(name: string, value: string): string {
    return `\${env:${this.#variableFor(name, value)}}`;
  }

  /** The name decides first. With other names, every value is a secret unless it is known to be harmless. */
  #isSecret(name: string, value: string): boolean {
    return (
      isSecretName(name) ||
      isPersonalName(name) ||
      this.#secrets.isIn(value) ||
      !isHarmless(name, value) ||
      holdsSecretName(value) ||
      hasSecretSegment(value)
    );
  }

  /** For the report: the complete text, or where to read the rest. */
  #keep(name: string, value: string, what: string): void {
    const line = value.replaceAll(/[\s\p{Cc}]+/gu, ' ');
    const cut = `… (${LONGEST_KEPT} of ${line.length} characters; all of it stands in ${what.replace(/: [a-z]+$/, '')})`;
    this.#kept.add(`${name}: ${line.length > LONGEST_KEPT ? line.slice(0, LONGEST_KEPT) + cut : line}`);
  }

  #isNewEachTime(name: string, what: string): boolean {
    if (!/csrf|xsrf|requestverificationtoken|authenticity_token/i.test(name)) return false;
    this.#notes.add(`${what} ${this.#shown(name)} is left out, because its token is new each time`);
    return true;
  }

  /** Keys of a map by id are data, and may themselves be secrets. */
  #isWritableName(name: string, what: string): boolean {
    if (name === '' || (isHarmlessName(name) && !this.#secrets.isIn(name))) return true;
    this.#notes.add(`${what} is left out, because its name may be a secret`);
    return false;
  }

  #variableFor(name: string, value: string): string {
    const said = this.#secrets.isIn(name) ? 'secret' : name;
    const variable = `${this.#portal.name}_${said.replaceAll(/([a-z])([A-Z])/g, '$1_$2')}`
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '_')
      .slice(0, 60);
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? variable : `${variable}_${number}`;
      const known = this.#environment.get(candidate);
      if (known !== undefined && known !== value) continue;
      this.#environment.set(candidate, value);
      return candidate;
    }
  }

  /** The path of a request in a message. */
  #shownPath({ pathname }: URL): string {
    return this.#segmentsOf(pathname)
      .map(({ written, isSecret }) => (isSecret ? '…' : written))
      .join('/');
  }

  /** A name for a message; names can be secrets too. */
  #shown(name: string): string {
    return this.#secrets.isIn(name) || !isHarmlessName(name) ? '…' : name;
  }

  /** Named after the last words of the path; ids and versions are ignored. */
  #name({ url, method }: HarEntry): string {
    const words = this.#segmentsOf(url.pathname)
      .filter(({ written, isSecret }) => !isSecret && written !== 'api' && /^[A-Za-z][A-Za-z_-]*$/.test(written))
      .map(({ written }) => written)
      .slice(-2)
      .join('-');
    const verb = method === 'GET' ? '' : `${method}-`;
    const name = `${verb}${words || 'home'}`.toLowerCase().replaceAll('_', '-').slice(0, 50);
    const taken = new Set(this.#steps.map((step) => step.name));
    if (!taken.has(name)) return name;
    for (let number = 2; ; number += 1) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
  }
}

/** Fields of a login that a program set and no user typed. With any other name, even `on` may be a user name. */
function isLoginSetting(name: string, value: string): boolean {
  const spelled = wordsOf(name).join('-');
  if (/^(grant|response)-type$/.test(spelled)) {
    return /^(password|client_credentials|refresh_token|code|token)$/.test(value);
  }
  return /^(remember|stay|keep|persist)/.test(spelled) && /^(true|false|on|off|yes|no|[01])$/.test(value);
}
