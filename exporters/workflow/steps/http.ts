import { isSamePage, pageIn } from '../../../pack/portal/pages.js';
import { applyPathStyle } from '../../../pack/portal/paths.js';
import { JsonPathExcess } from '../../../pack/reading/json-path.js';
import { jsonText } from '../../../pack/reading/written-number.js';
import type { HttpStep } from '../../../pack/workflow/model.js';
import { filledHeaders } from '../../runtime/portal/headers.js';
import type { Certificates } from '../../runtime/portal/http/certificates.js';
import type { ReceivedAnswer } from '../../runtime/portal/http/connections.js';
import { acceptEncoding, decode } from '../../runtime/portal/http/decode.js';
import type { AddressTry } from '../../runtime/portal/http/dial.js';
import type { Outgoing } from '../../runtime/portal/http/exchange.js';
import { nextHop, redirectTarget } from '../../runtime/portal/http/redirect.js';
import { retryAfterMs } from '../../runtime/portal/http/retry-after.js';
import { proxyName } from '../../runtime/portal/http/target.js';
import { permit } from '../../runtime/portal/permit.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';
import { type Filling, fill, fillDeep, fillPath, type Variables } from '../../runtime/portal/template.js';
import { compileExpectation } from '../http/expect.js';
import { compileExtracts } from '../http/extract.js';
import { readingOf } from '../http/reading.js';
import { shownPath, shownRedirect } from '../http/shown-path.js';
import { requireVisibleEnd } from '../http/visible-end.js';
import type { StepContext, StepOutcome } from './step.js';

/** Sends the request, follows its redirects, judges the answer, and extracts what later steps need. */
export async function runHttpStep(step: HttpStep, context: StepContext): Promise<StepOutcome> {
  let last: ReceivedAnswer | undefined;
  let refusal: string | undefined;
  let hops = 0;
  let proxyFact: Readonly<Record<string, string>> = {};
  const addresses: AddressTry[] = [];
  const onAddress = (tried: AddressTry) => {
    // Nothing to log if the first address connects.
    if (tried.outcome !== 'connected' || addresses.length > 0) context.log(`${tried.address}: ${tried.detail}`);
    addresses.push(tried);
  };
  const outcome = (failure: StepFailure | undefined, extracted: Variables = new Map()): StepOutcome => ({
    ...(failure === undefined ? {} : askedToWait(last)),
    facts: { ...(last === undefined ? {} : facts(last, hops)), ...addressFacts(addresses), ...proxyFact },
    extracted,
    ...(refusal === undefined ? {} : { refusal }),
    ...expiries(last?.opened.certificates?.()),
    addresses,
    ...(failure === undefined ? {} : { failure }),
  });
  try {
    let outgoing = prepare(step, context);
    const asked = outgoing.url;
    for (;;) {
      permit(outgoing.url, context.portal);
      const where = hops === 0 ? shownPath(step, context.portal) : shownRedirect(outgoing.url, step, context.portal);
      const proxy = proxyName(outgoing.url, context.portal);
      if (proxy !== undefined) proxyFact = { proxy };
      context.log(`${outgoing.method} ${where}${proxy === undefined ? '' : ` through proxy ${proxy}`}`);
      last = await context.connections.send(outgoing, context.portal, context.clock, context.signal, onAddress);
      context.credentials.remember(outgoing.url, last.headers['set-cookie']);
      if (last.askedAgain !== undefined) context.log(`sent once more on a new connection, because ${last.askedAgain}`);
      context.log(`status ${last.status}, ${last.body.length} bytes${last.reused ? ', on an open connection' : ''}`);
      refusal = refusalOf(last, outgoing.url, step, context);
      if (refusal !== undefined) throw new StepFailure('auth', refusal);
      const next = nextHop(outgoing, last, context.portal, hops, step.maxRedirects);
      if (next === undefined) break;
      hops += 1;
      outgoing = { ...next, headers: { ...next.headers, ...context.credentials.headersFor(next.url) } };
    }
    const body = await decode(last.body, last.headers['content-encoding'], step.maxBodyBytes);
    const received = { ...last, body, certificateExpirySeconds: last.opened.certificates?.().expirySeconds };
    const { url } = outgoing;
    return context.judging(() => {
      const compiled = compile(step);
      const read = readingOf(received, (name) => context.credentials.cookie(url, name));
      const isNamed = pageIn(url, step.expect.endsAt, context.portal) !== undefined;
      if (!isNamed) {
        refusal = context.credentials.signs.body(() => read.text);
        if (refusal !== undefined) throw new StepFailure('auth', refusal);
      }
      if (!isNamed && !isSamePage(asked, url)) {
        const where = shownRedirect(url, step, context.portal);
        throw new StepFailure(
          'redirect',
          `ended at ${where} (status ${received.status}), another page than it asked for; name it in expect.endsAt if that is right`,
        );
      }
      // Of an answer with another status than expected, the status says more.
      if (received.endsWithConnection === true && isExpected(step, received.status)) requireVisibleEnd(read);
      compiled.expect(read);
      return outcome(undefined, compiled.extract(read));
    });
  } catch (error) {
    if (error instanceof StepFailure) return outcome(error);
    if (error instanceof JsonPathExcess) return outcome(new StepFailure('assertion', error.message, { cause: error }));
    throw error;
  }
}

function askedToWait(last: ReceivedAnswer | undefined): Pick<StepOutcome, 'retryAfterMs'> {
  const ms = last === undefined ? undefined : retryAfterMs(last.status, last.headers['retry-after']);
  return ms === undefined ? {} : { retryAfterMs: ms };
}

/** The sign in an answer that the session has ended; undefined for an answer that the step expects. */
function refusalOf(answer: ReceivedAnswer, from: URL, step: HttpStep, context: StepContext): string | undefined {
  const { signs } = context.credentials;
  const target = redirectTarget(from, answer);
  const isAccepted = isExpected(step, answer.status);
  if (isAccepted && (target === undefined || step.maxRedirects === 0)) return undefined;
  const isNamed = target !== undefined && pageIn(target, step.expect.endsAt, context.portal) !== undefined;
  return (target === undefined || isNamed ? undefined : signs.redirect(target)) ?? signs.status(answer.status);
}

function isExpected({ expect }: HttpStep, status: number): boolean {
  return expect.status.some(({ min, max }) => status >= min && status <= max);
}

const compiledSteps = new WeakMap<HttpStep, ReturnType<typeof compileStep>>();

function compileStep(step: HttpStep) {
  return { expect: compileExpectation(step.expect), extract: compileExtracts(step.extract) };
}

function compile(step: HttpStep) {
  const known = compiledSteps.get(step);
  if (known !== undefined) return known;
  const compiled = compileStep(step);
  compiledSteps.set(step, compiled);
  return compiled;
}

function prepare(step: HttpStep, context: StepContext): Outgoing {
  const { portal, variables, credentials } = context;
  const filling = { variables, reveal: credentials.reveal };
  const url = new URL(portal.baseUrl + fillPath(applyPathStyle(step.path, portal), filling, portal));
  for (const [name, value] of Object.entries(step.query)) url.searchParams.set(name, fill(value, filling));
  const body = bodyOf(step, filling);
  const headers: Record<string, string> = {
    accept: 'application/json, text/html;q=0.9, */*;q=0.8',
    'accept-encoding': acceptEncoding,
    'user-agent': 'kingston-observability-pack',
    ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': String(body.bytes.length) }),
  };
  // The step's headers take precedence over the portal's, and neither overwrites credentials.
  Object.assign(
    headers,
    filledHeaders(portal.headers, filling),
    filledHeaders(step.headers, filling),
    credentials.headersFor(url),
  );
  return {
    method: step.method,
    url,
    headers,
    body: body?.bytes,
    maxBodyBytes: step.maxBodyBytes,
    isRepeatable: !step.mutates,
  };
}

function bodyOf(step: HttpStep, filling: Filling): { type: string; bytes: Buffer } | undefined {
  if (step.body === undefined) return undefined;
  if (step.body.kind === 'json') {
    return { type: 'application/json', bytes: Buffer.from(jsonText(fillDeep(step.body.value, filling))) };
  }
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(step.body.fields)) form.set(name, fill(value, filling));
  return { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(form.toString()) };
}

function expiries(certificates: Certificates | undefined) {
  const { expirySeconds, otherExpirySeconds } = certificates ?? {};
  return {
    ...(expirySeconds === undefined ? {} : { certificateExpirySeconds: expirySeconds }),
    ...(otherExpirySeconds === undefined ? {} : { otherCertificateExpirySeconds: otherExpirySeconds }),
  };
}

/** Only if more than one address was tried: then the result of each matters. */
function addressFacts(addresses: readonly AddressTry[]): Record<string, string> {
  if (addresses.every(({ outcome }) => outcome === 'connected')) return {};
  return { addresses: addresses.map(({ address, outcome }) => `${address} ${outcome}`).join(', ') };
}

function facts(received: ReceivedAnswer, redirects: number): Record<string, string | number> {
  return {
    status: received.status,
    bytes: received.body.length,
    protocol: received.opened.protocol,
    address: received.opened.address,
    ...(redirects === 0 ? {} : { redirects }),
  };
}
