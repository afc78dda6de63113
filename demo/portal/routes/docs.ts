import { RawAnswer } from '../http/dispatch.js';
import type { Route } from '../http/route.js';
import type { NamedRoute } from '../state.js';

const PAGES = [
  '/',
  '/login',
  '/client_groups',
  '/products',
  '/definitions/funds',
  '/revenue',
  '/report-generator',
  '/analytics',
];

const page = (title: string, body: string) =>
  new RawAnswer({
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>${title}</title></head><body><div id="root"><h1>${title}</h1><p>${body}</p></div></body></html>`,
  });

const open = (path: string, handle: (routes: readonly NamedRoute[]) => unknown): Route => ({
  method: 'GET',
  path,
  access: 'open',
  json: 'plain',
  handle: ({ portal }) => handle(portal.routes),
});

/** What the portal shows without being asked who you are: its API description, and the shell of its pages. */
export const docsRoutes: readonly Route[] = [
  open('/api', () => ({ message: "Welcome to the demo of Kingston's Portal API" })),
  open('/openapi.json', openApi),
  open('/docs', () => page('API documentation', 'See /openapi.json.')),
  open('/redoc', () => page('API documentation', 'See /openapi.json.')),
];

/** Served by IIS in production; here by the same listener, so that a browser journey has somewhere to go. */
export const pageRoutes: readonly Route[] = PAGES.map((path) =>
  open(path, () =>
    page("Kingston's Portal (demo)", path === '/analytics' ? 'This page is under maintenance.' : 'A stand-in.'),
  ),
);

// As in the portal: no security scheme, because almost nothing needs one.
function openApi(routes: readonly NamedRoute[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path } of routes.filter((route) => route.path.startsWith('/api'))) {
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: { responses: { 200: { description: 'Successful Response' } } },
    };
  }
  return { openapi: '3.1.0', info: { title: "Kingston's Portal API", version: '1.0.0' }, paths };
}
