import { expect, test } from 'vitest';
import { withoutFileDescriptors } from '../../../../support/file-descriptors.js';
import { job } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';

test.skipIf(process.platform !== 'linux').each(['http://localhost:1', 'http://127.0.0.1:1'])(
  'no file descriptors on the way to %s: our fault',
  async (url) => {
    const giveBack = await withoutFileDescriptors();
    const result = await runOnce(job(url)).finally(giveBack);
    expect(verdictOf(result)).toMatch(/^exporter: .*no file descriptors are left for the exporter \(EMFILE\)/);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'file-descriptors' });
  },
);
