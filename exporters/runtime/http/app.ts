import express, { type ErrorRequestHandler, type Express, type RequestHandler, Router } from 'express';
import type { ReloadResult } from '../config-holder.js';
import { scrapeBudgetMs } from '../deadline.js';
import type { Readiness } from '../exporter.js';
import type { Logger, Redactor } from '../log.js';
import type { TextFormat } from '../metrics/format.js';
import { contentTypes } from '../metrics/format.js';
import { negotiateFormat } from '../negotiate.js';
import type { WebConfigSource } from '../web/watched-config.js';
import { compressed } from './compress.js';
import { hardened, webGuard } from './guard.js';
import { healthRoutes, healthWithoutPassword } from './health.js';
import { ownOriginOnly } from './hosts.js';
import type { InFlight } from './in-flight.js';
import { allowOnly } from './methods.js';

/** The parts that the routes use. */
export interface AppParts {
  readonly web: WebConfigSource;
  /** Runs first, for example the check of the host name. */
  readonly hosts: RequestHandler;
  readonly scrapes: InFlight;
  /** Separate from scrapes: probes of a slow portal must not block `/metrics`, which shows that it is slow. */
  readonly probes: InFlight;
  readonly reloads: InFlight;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly metrics: (format: TextFormat, budgetMs: number) => Promise<Buffer>;
  readonly ready: () => Readiness;
  /** Problems that only a restart of the process can solve. */
  readonly broken: () => readonly string[];
  readonly reload: () => Promise<ReloadResult>;
  /** The landing page with its content security policy. */
  readonly landing: () => { readonly html: string; readonly policy: string };
  readonly mount: (router: Router) => void;
}

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(parts.hosts);
  app.use(hardened(parts.web), healthWithoutPassword(parts));
  app.use(webGuard(parts.web));
  app.route('/metrics').get(parts.scrapes.middleware, metricsRoute(parts)).all(allowOnly('GET', 'HEAD'));
  app.use(healthRoutes(parts));
  const reload = [ownOriginOnly, parts.reloads.middleware, reloadRoute(parts)];
  app.route('/-/reload').post(reload).put(reload).all(allowOnly('POST', 'PUT'));
  app.route('/').get(landingRoute(parts)).all(allowOnly('GET', 'HEAD'));
  const router = Router();
  parts.mount(router);
  app.use(parts.probes.middleware, router);
  app.use((_request, response) => {
    response.status(404).type('text/plain').send('Not Found; / lists what there is\n');
  });
  app.use(errorRoute(parts.log));
  return app;
}

function metricsRoute({ metrics }: AppParts): RequestHandler {
  return async (request, response) => {
    const format = negotiateFormat(request.headers.accept);
    const page = await metrics(format, scrapeBudgetMs(request.get('X-Prometheus-Scrape-Timeout-Seconds')));
    response.set('Content-Type', contentTypes[format]).set('Vary', 'Accept, Accept-Encoding');
    const small = await compressed(page, request.get('Accept-Encoding'));
    if (small !== undefined) response.set('Content-Encoding', 'gzip');
    response.end(small ?? page);
  };
}

function reloadRoute({ reload, redactor }: AppParts): RequestHandler {
  return async (_request, response) => {
    response.type('text/plain');
    const result = await reload();
    if (result.ok) response.send(result.changed ? 'Reloaded\n' : 'Reloaded; nothing changed\n');
    else
      response
        .status(500)
        .send(`Reload failed; the old configuration stays in force.\n${redactor.redact(result.reason)}\n`);
  };
}

function landingRoute({ landing, web }: AppParts): RequestHandler {
  return (_request, response) => {
    const { html, policy } = landing();
    // A policy that the operator configured stays.
    if (web.current().headers['Content-Security-Policy'] === undefined) response.set('Content-Security-Policy', policy);
    response.type('text/html').send(html);
  };
}

function errorRoute(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = clientErrorStatus(error);
    if (status === undefined) log.error('request failed', { path: request.path, error });
    response.status(status ?? 500).type('text/plain');
    response.send(status === undefined ? 'Internal error; the log has the reason\n' : 'Bad request\n');
  };
}

/** Express throws errors with a status for mistakes of the client, such as a path that cannot be decoded. */
function clientErrorStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
