import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Exporters that a test starts keep their state apart from those of other files, of other runs, and of whoever runs the
 * tests: what an earlier one kept, such as a canary of a portal that is gone, would be held against this one.
 */
process.env.XDG_STATE_HOME = mkdtempSync(join(tmpdir(), 'kop-state-'));
