import { OurFault, StepFailure } from '../step-failure.js';
import type { Answer } from './exchange.js';
import { isForwarded, type Target } from './target.js';

/*
 * Through a proxy that forwards plain HTTP, its silence and the portal's look the same. The proxy was configured by us, so
 * that a failure counts as ours while there is no sign of the portal.
 */

/** `Server` in the answers of these products themselves; in an answer that they forward, the portal names its own. */
const proxyProducts =
  /^(squid|tinyproxy|privoxy|zscaler|bluecoat|proxysg|symantec|mitmproxy|mwg|mcafee|skyhigh|websense|forcepoint|fortigate|ironport|sophos)\b/i;

/** @throws {OurFault} `proxy`, if the answer is of the proxy itself, as far as can be told. */
export function refuseAnswerOfProxy(answer: Answer, target: Target): void {
  if (target.proxy === undefined || !isForwarded(target)) return;
  const { status } = answer;
  const sign = signOfProxy(answer);
  if (sign === undefined) return;
  const who = status === 407 ? '' : '; whether it or a gateway of the portal said so cannot be told';
  throw new OurFault('proxy', `proxy ${target.proxy.host}: answered with status ${status}${sign}${who}`);
}

/** @returns what shows it, for the end of a sentence; undefined if the portal has answered. */
function signOfProxy({ status, headers }: Answer): string | undefined {
  if (status === 407 || status === 502 || status === 504) return '';
  if (status < 400) return undefined;
  if (headers['x-squid-error'] !== undefined) return ' and X-Squid-Error';
  if (headers['proxy-authenticate'] !== undefined) return ' and Proxy-Authenticate';
  // RFC 9209. Gateways of the portal name themselves in it, too.
  if (/;\s*error\s*=/i.test(String(headers['proxy-status'] ?? ''))) return ' and an error in Proxy-Status';
  const isOften = status === 403 || status === 511 || status >= 500;
  const product = proxyProducts.exec(String(headers.server ?? ''))?.[0];
  return isOften && product !== undefined ? ` as ${product}` : undefined;
}

/**
 * The same failure as a fault of the proxy if no answer came, or with the proxy named if an answer began.
 *
 * @param wasAnswered whether the head of an answer came.
 */
export function blameProxy(error: unknown, wasAnswered: boolean, target: Target): unknown {
  if (target.proxy === undefined || !isForwarded(target)) return error;
  if (!(error instanceof StepFailure) || error instanceof OurFault) return error;
  if (error.reason !== 'protocol' && error.reason !== 'timeout') return error;
  const { host } = target.proxy;
  if (wasAnswered) return new StepFailure(error.reason, `${error.message} (through proxy ${host})`, { cause: error });
  const told = error.message.replace(`${target.host}:${target.port}: `, '').replace(`${target.host}: `, '');
  const whose = 'whether it or the portal behind it failed cannot be told';
  return new OurFault('proxy', `proxy ${host}: no answer to a request for ${target.host}: ${told}; ${whose}`, {
    cause: error,
  });
}
