import { describe, expect, it } from 'vitest';
import { fitsRoute } from '../../../demo/portal/faults/pattern.js';
import { inStyle, RouteTable } from '../../../demo/portal/http/routing.js';
import { apiRoutes } from '../../../demo/portal/routes/index.js';

const underscore = new RouteTable(inStyle(apiRoutes, 'underscore'));
const kebab = new RouteTable(inStyle(apiRoutes, 'kebab'));

describe('routes', () => {
  it.each([
    ['GET', '/api/client_groups/7/complete', '/api/client_groups/{client_group_id}/complete'],
    ['GET', '/api/client_groups/bulk_client_data_optimized', '/api/client_groups/bulk_client_data_optimized'],
    ['GET', '/api/client_groups/7', '/api/client_groups/{client_group_id}'],
    ['GET', '/api/portfolios/with-template', '/api/portfolios/with-template'],
    ['DELETE', '/api/presence/client%20page/exit', '/api/presence/{page_identifier}/exit'],
  ])('%s %s is %s', (method, path, expected) => {
    expect(underscore.match(method, path)).toMatchObject({ kind: 'route', route: { path: expected } });
  });

  it('decodes parameters and survives bad encoding', () => {
    expect(underscore.match('GET', '/api/presence/a%20b')).toMatchObject({ params: { page_identifier: 'a b' } });
    expect(underscore.match('GET', '/api/presence/%ZZ')).toMatchObject({ params: { page_identifier: '%ZZ' } });
  });

  it.each(['HEAD', 'OPTIONS', 'POST'])('%s on a GET route is the wrong method', (method) => {
    expect(underscore.match(method, '/api/health')).toEqual({ kind: 'wrong-method', allow: 'GET' });
  });

  it.each(['/api/clients', '/API/health', '/api/client_groups/', '/health'])('%s does not exist', (path) => {
    expect(underscore.match('GET', path)).toEqual({ kind: 'missing' });
  });

  it('kebab renames names but not parameters', () => {
    expect(kebab.match('GET', '/api/client-groups/7/complete')).toMatchObject({ params: { client_group_id: '7' } });
    expect(kebab.match('GET', '/api/client_groups/7/complete')).toEqual({ kind: 'missing' });
    expect(underscore.match('GET', '/api/client-groups/7/complete')).toEqual({ kind: 'missing' });
  });
});

describe('route patterns of faults', () => {
  it.each([
    ['*', 'GET', '/api/health', true],
    ['/api/analytics/*', 'GET', '/api/analytics/dashboard-fast', true],
    ['/api/client_groups/*/complete', 'GET', '/api/client-groups/1/complete', true],
    ['POST /api/auth/login', 'POST', '/api/auth/login', true],
    ['POST /api/auth/login', 'GET', '/api/auth/login', false],
    ['/api/health', 'GET', '/api/healthy', false],
    ['/api/(health', 'GET', '/api/(health', true],
  ])('%s for %s %s: %s', (pattern, method, path, expected) => {
    expect(fitsRoute(pattern, method, path)).toBe(expected);
  });
});
