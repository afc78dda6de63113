import { afterEach, describe, expect, test, vi } from 'vitest';
import { unconnectedTrails } from '../../../../pack/audit-trail/connection.js';
import { loadPack } from '../../../../pack/index.js';

afterEach(() => vi.unstubAllEnvs());

function env(url: string | undefined) {
  vi.stubEnv('KINGSTON_PROBE_EMAIL', 'probe@example.com');
  vi.stubEnv('KINGSTON_PROBE_PASSWORD', 'correct-horse');
  vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', url);
}

describe('an audit trail without a database', () => {
  test('is let through where that is allowed, and called by name', () => {
    env(undefined);
    const pack = loadPack([], { allowUnconnected: true });
    expect(unconnectedTrails(pack)).toEqual([{ trail: 'kingston', variables: ['KINGSTON_AUDIT_DATABASE_URL'] }]);
    expect(() => loadPack()).toThrow('KINGSTON_AUDIT_DATABASE_URL is not set');
  });

  test('is the only thing that is let through', () => {
    env(undefined);
    vi.stubEnv('KINGSTON_PROBE_PASSWORD', undefined);
    expect(() => loadPack([], { allowUnconnected: true })).toThrow('KINGSTON_PROBE_PASSWORD');
    expect(() => loadPack([], { allowUnconnected: true })).not.toThrow('KINGSTON_AUDIT_DATABASE_URL');
  });

  test('is connected as soon as the variable is set', () => {
    env('postgres://auditor@db/portal');
    expect(unconnectedTrails(loadPack([], { allowUnconnected: true }))).toEqual([]);
  });
});
