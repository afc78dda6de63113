import { type RequestHandler, type Response, Router } from 'express';
import type { Readiness } from '../exporter.js';
import type { Redactor } from '../log.js';
import type { WebConfigSource } from '../web/watched-config.js';
import { allowOnly } from './methods.js';

interface HealthParts {
  readonly web: WebConfigSource;
  readonly redactor: Redactor;
  readonly ready: () => Readiness;
  /** Problems that only a restart of the process can solve. */
  readonly broken: () => readonly string[];
}

/**
 * Liveness and readiness for clients without a password, such as the probes of Kubernetes: the state, and the reasons
 * only if no password is configured. There is no rate limit, because a platform would restart a process that answers
 * 429.
 */
export function healthWithoutPassword(parts: HealthParts): RequestHandler {
  const whole = healthRoutes(parts);
  const bare = healthRoutes({ ...parts, redactor: { redact: () => 'who logs in is told why' } });
  return (request, response, next) => {
    if (parts.web.current().users.size === 0) whole(request, response, next);
    else if (request.headers.authorization === undefined) {
      // A client without a password cannot keep a connection.
      response.set('Connection', 'close');
      bare(request, response, next);
    } else next();
  };
}

/** Liveness and readiness with their reasons. */
export function healthRoutes({ broken, ready, redactor }: Pick<HealthParts, 'broken' | 'ready'> & Redacting): Router {
  const router = Router();
  const tell = (response: Response, isGood: boolean, good: string, bad: string, reason: string) => {
    response.status(isGood ? 200 : 503).type('text/plain');
    response.send(isGood ? `${good}\n` : `${bad}: ${redactor.redact(reason)}\n`);
  };
  // The platform may restart the process: the answer is 503 only if nothing else helps.
  const healthy: RequestHandler = (_request, response) => {
    const reasons = broken();
    tell(response, reasons.length === 0, 'Healthy', 'Not healthy; restart this process', reasons.join('; '));
  };
  const isReady: RequestHandler = (_request, response) => {
    const { ready: is, reason = 'not ready' } = ready();
    tell(response, is, 'Ready', 'Not ready', reason);
  };
  router.route('/-/healthy').get(healthy).all(allowOnly('GET', 'HEAD'));
  router.route('/-/ready').get(isReady).all(allowOnly('GET', 'HEAD'));
  return router;
}

interface Redacting {
  readonly redactor: Pick<Redactor, 'redact'>;
}
