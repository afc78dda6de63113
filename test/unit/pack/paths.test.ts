import { describe, expect, test } from 'vitest';
import { applyPathStyle, forbiddenBy } from '../../../pack/index.js';

const kebab = { pathStyle: 'kebab', pathStyleExceptions: ['legal_documents'] } as const;

describe('path style', () => {
  test.each([
    ['/api/client_groups/{client_group_id}/complete', '/api/client-groups/{client_group_id}/complete'],
    ['/api/legal_documents/by_client', '/api/legal_documents/by-client'],
    ['/api/legal_documents_old', '/api/legal-documents-old'],
    ['/api/fund_{fund_id}_values', '/api/fund-{fund_id}-values'],
    ['/', '/'],
  ])('%s becomes %s under kebab', (path, expected) => {
    expect(applyPathStyle(path, kebab)).toBe(expected);
    expect(applyPathStyle(path, { ...kebab, pathStyle: 'underscore' })).toBe(path);
  });
});

describe('paths that are never probed', () => {
  const portal = { neverProbe: ['/api/products/*/irr', '/api/system/repair_all', '/api/logs/test_*', '/a.b'] };
  test.each([
    ['/api/products/7/irr', '/api/products/*/irr'],
    ['/api/products/{productId}/irr', '/api/products/*/irr'],
    ['/api/products/7/irr/', '/api/products/*/irr'],
    ['/api/system/repair-all', '/api/system/repair_all'],
    ['/api/system/repair%5Fall', '/api/system/repair_all'],
    ['/api/other/../system/repair_all', '/api/system/repair_all'],
    ['/api/logs/test_cascade', '/api/logs/test_*'],
  ])('%s is forbidden', (path, pattern) => {
    expect(forbiddenBy(path, portal)).toBe(pattern);
  });
  test.each([
    '/api/products/7/8/irr',
    '/api/products/irr',
    '/api/products/7/irr/more',
    '/api/system/{action}',
    '/api/logs/tests',
    '/axb',
  ])('%s is not', (path) => {
    expect(forbiddenBy(path, portal)).toBeUndefined();
  });
});
