import { timingSafeEqual } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { z } from 'zod';
import { badAfternoon } from './bad-afternoon.js';
import type { FaultRegistry } from './faults/registry.js';
import { FAULT_KINDS, InvalidFault } from './faults/rule.js';
import type { ScenarioRunner } from './faults/scenario.js';

const SCENARIOS = [badAfternoon];
const scenarioStart = z.strictObject({
  name: z.enum(SCENARIOS.map((scenario) => scenario.name)),
  speed: z.number().positive().max(10_000).default(1),
});

const USAGE = {
  'GET /admin/faults': 'the rules in force',
  'PUT /admin/faults': `set one: {"id"?, "kind", "params"?, "route"?, "probability"?, "until"? or "forSeconds"?}`,
  'DELETE /admin/faults': 'clear all; DELETE /admin/faults/ID clears one',
  'GET /admin/scenario': 'what is playing, and its phase',
  'PUT /admin/scenario': `start one: {"name": ${SCENARIOS.map(({ name }) => `"${name}"`).join(' or ')}, "speed"?}`,
  'DELETE /admin/scenario': 'stop it and undo it',
  kinds: FAULT_KINDS,
};

export interface AdminOptions {
  readonly faults: FaultRegistry;
  readonly scenarios: ScenarioRunner;
  readonly token: string | undefined;
}

/** Switches faults on and off: a separate listener on loopback only, never a path of the portal. */
export function adminApp({ faults, scenarios, token }: AdminOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(onlyLoopbackNames);
  if (token !== undefined) {
    app.use(bearer(token));
  }
  app.use(express.json({ type: () => true, limit: '100kb', strict: false }));
  app.get('/admin', (_req, res) => {
    res.json(USAGE);
  });
  app.get('/admin/faults', (_req, res) => {
    res.json({ faults: faults.list() });
  });
  app.put('/admin/faults', async (req, res) => {
    res.json({ fault: await faults.set(req.body) });
  });
  app.delete('/admin/faults', async (_req, res) => {
    res.json({ cleared: await faults.clear() });
  });
  app.delete('/admin/faults/:id', async (req, res) => {
    const cleared = await faults.clear([req.params.id]);
    res.status(cleared > 0 ? 200 : 404).json({ cleared });
  });
  app.get('/admin/scenario', (_req, res) => {
    res.json({
      scenario: scenarios.status ?? null,
      available: SCENARIOS.map(({ name, description }) => ({ name, description })),
    });
  });
  app.put('/admin/scenario', async (req, res) => {
    const wanted = scenarioStart.safeParse(req.body);
    const scenario = SCENARIOS.find(({ name }) => name === wanted.data?.name);
    if (!wanted.success || !scenario) {
      throw new InvalidFault(
        wanted.error?.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`) ?? ['name: unknown'],
      );
    }
    res.json({ scenario: await scenarios.start(scenario, wanted.data.speed) });
  });
  app.delete('/admin/scenario', async (_req, res) => {
    await scenarios.stop();
    res.json({ scenario: null });
  });
  app.use((_req, res) => {
    res.status(404).json({ error: 'no such admin route', usage: USAGE });
  });
  app.use(asJson);
  return app;
}

// A web page may point its own name at 127.0.0.1 and make a browser send requests here; the Host header reveals this.
const onlyLoopbackNames: RequestHandler = (req, res, next) => {
  if (/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(req.headers.host ?? '')) {
    next();
  } else {
    res.status(403).json({ error: 'the admin routes answer to loopback names only' });
  }
};

function bearer(token: string): RequestHandler {
  const expected = Buffer.from(`Bearer ${token}`);
  return (req, res, next) => {
    const given = Buffer.from(req.headers.authorization ?? '');
    if (given.length === expected.length && timingSafeEqual(given, expected)) {
      next();
    } else {
      res.status(401).set('www-authenticate', 'Bearer').json({ error: 'send Authorization: Bearer <admin token>' });
    }
  };
}

const asJson: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  if (error instanceof InvalidFault) {
    res.status(400).json({ error: 'invalid request', problems: error.problems });
  } else if (error instanceof SyntaxError) {
    res.status(400).json({ error: 'invalid request', problems: ['the body is not JSON'] });
  } else {
    res.status(500).json({ error: error instanceof Error ? error.message : String(error) });
  }
};
