import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../exporters/runtime/log.js';
import { StateKeeper } from '../../exporters/runtime/state/index.js';

/** The state of one process, in this directory; whoever made it closes it. */
export function stateIn(directory: string): StateKeeper {
  return new StateKeeper({ directory, from: '--state-directory' }, silentLogger);
}

/** In a directory of its own, gone with the test. */
export function ownState(): StateKeeper {
  const directory = mkdtempSync(join(tmpdir(), 'kop-state-'));
  const state = stateIn(directory);
  onTestFinished(async () => {
    await state.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return state;
}
