import type { Portal } from '../../../pack/index.js';
import { applyPathStyle, forbiddenBy } from '../../../pack/portal/paths.js';
import { compileJsonPath } from '../../../pack/reading/json-path.js';
import { describeError } from '../../runtime/log.js';
import { LoopWatch } from '../../runtime/measuring/loop-watch.js';
import { PhaseClock } from '../../runtime/measuring/phase-clock.js';
import { asJson } from '../../runtime/portal/as-json.js';
import { Connections } from '../../runtime/portal/http/connections.js';
import { acceptEncoding, decode } from '../../runtime/portal/http/decode.js';
import { compareWith } from '../status/compare.js';
import { isDecimal } from '../status/decimal.js';
import { unknownFinding } from '../status/finding.js';
import type { LookOf } from './look.js';

const MAX_ANSWER_BYTES = 1_000_000;

/**
 * Asks a path of the portal, without logging in. An answer with another status than the expected one is a value of 0 where
 * no JSON is asked for, and unknown otherwise. No answer at all is unknown: availability is the workflow exporter's matter.
 */
export const lookByHttp: LookOf<'http', { readonly portal: Portal }> = (check, { portal }) => {
  const path = applyPathStyle(check.path, portal);
  const source = `${portal.name} ${path}`;
  const selector = check.json === undefined ? undefined : compileJsonPath(check.json);
  return async ({ signal, now }) => {
    const pattern = forbiddenBy(path, portal);
    if (pattern !== undefined)
      return unknownFinding(source, `not asked: the portal forbids it by neverProbe: ${pattern}`);
    const connections = new Connections();
    try {
      const headers = {
        accept: 'application/json',
        'accept-encoding': acceptEncoding,
        'user-agent': 'kingston-observability-pack',
      };
      const outgoing = {
        method: 'GET',
        url: new URL(portal.baseUrl + path),
        headers,
        body: undefined,
        maxBodyBytes: MAX_ANSWER_BYTES,
      };
      const received = await connections.send(outgoing, portal, new PhaseClock(new LoopWatch()), signal);
      const hasStatus = received.status === check.status;
      if (selector === undefined) {
        return compareWith(check.expect, { value: hasStatus ? '1' : '0', asOf: now, source });
      }
      if (!hasStatus) return unknownFinding(source, `it answered ${received.status}, not ${check.status}`);
      const body = await decode(received.body, received.headers['content-encoding'], MAX_ANSWER_BYTES);
      const selected = selector.query(asJson(JSON.parse(body.toString('utf8')))).values();
      const [found] = selected;
      const value = selected.length === 1 ? numberIn(found) : undefined;
      if (value === undefined) return unknownFinding(source, `${check.json} selects no single number or boolean`);
      return compareWith(check.expect, { value, asOf: now, source });
    } catch (error) {
      return unknownFinding(source, error instanceof SyntaxError ? 'the answer is no JSON' : describeError(error));
    } finally {
      connections.close();
    }
  };
};

function numberIn(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string') return isDecimal(value) ? value : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}
