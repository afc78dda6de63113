import { type RequestHandler, type Response, Router } from 'express';
import type { Readiness } from '../exporter.js';
import type { Redactor } from '../log.js';
import type { WebConfigSource } from '../web/watched-config.js';
import { allowOnly } from './methods.js';

interface HealthParts {
  readonly web: WebConfigSource;
  readonly redactor: Redactor;
  readonly ready: () => Readiness;
  /** What only a restart of the process can mend. */
  readonly broken: () => readonly string[];
}

/**
 * Liveness and readiness for those who have no password, such as the probes of Kubernetes: the state, and the reasons
 * only where nobody needs a password. No rate limit holds for it, because a platform would restart what answers 429.
 */
export function healthWithoutPassword(parts: HealthParts): RequestHandler {
  const whole = healthRoutes(parts);
  const bare = healthRoutes({ ...parts, redactor: { redact: () => 'who logs in is told why' } });
  return (request, response, next) => {
    if (parts.web.current().users.size === 0) whole(request, response, next);
    else if (request.headers.authorization === undefined) {
      // Nobody without a password keeps a connection.
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
  // Whoever asks may restart the process: it says no only where nothing else helps.
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
