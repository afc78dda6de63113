import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exportersCommand } from '../../../cli/exporters.js';

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.stubEnv('KINGSTON_PROBE_EMAIL', 'probe@example.com');
  vi.stubEnv('KINGSTON_PROBE_PASSWORD', 'correct-horse');
  vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

test('who runs the workflow exporter only need not hold the secrets of the audit trail', async () => {
  await exportersCommand().parseAsync(['workflow-sla', '--config.check'], { from: 'user' });
  expect(process.exitCode).toBeUndefined();
});
