import { resolve } from 'node:path';
import type { FieldEncryption } from '../../../pack/encryption/model.js';
import type { HeldFolder } from '../../runtime/state/index.js';
import { ENCRYPTION, type EncryptionSource, type SourceDeps } from '../source.js';
import { families } from './families.js';
import { PortalWatch } from './portal-watch.js';
import { scanSections } from './sections.js';

/** What databases contain about encryption: ciphertext columns, keys, the portal's own timings. Wiring only. */
export function createScanSource(deps: SourceDeps): EncryptionSource {
  let watches: readonly PortalWatch[] = [];
  let isStarted = false;

  return {
    name: 'scan',
    async configure(encryption: readonly FieldEncryption[]) {
      const before = watches;
      const own = encryption.filter(({ name }) => deps.shard.owns(name));
      for (const each of own) {
        if (each.scan === undefined) continue;
        const folder = folderOf(each, deps);
        await folder.use();
        warnOfOther(each, folder, deps);
      }
      const next = own.map((each) => new PortalWatch(each, deps, folderOf(each, deps)));
      // Two watches of one column would write the same progress, so the old ones end first.
      await Promise.all(before.map((watch) => watch.stop()));
      watches = next;
      if (isStarted) for (const watch of next) watch.start();
    },
    start() {
      isStarted = true;
      for (const watch of watches) watch.start();
    },
    async stop() {
      isStarted = false;
      await Promise.all(watches.map((watch) => watch.stop()));
    },
    families: () => families(watches),
    sections: () => scanSections(watches, Date.now()),
  };
}

/** A folder that is named in the description is used for the progress. */
function warnOfOther({ name, scan }: FieldEncryption, { path }: HeldFolder, { log, state }: SourceDeps): void {
  if (scan?.stateDirectory === undefined || resolve(scan.stateDirectory) === path) return;
  log.warn('the folder that the description names for progress of scans is not used', {
    key: `encryption.${name}.scan.stateDirectory`,
    used: path,
    reason: `${state.place.from} goes before it`,
  });
}

/** Progress of scans is stored with the rest of the exporter's state, unless only the description names a folder. */
function folderOf({ scan }: FieldEncryption, { state }: SourceDeps): HeldFolder {
  return state.folder(ENCRYPTION, scan?.stateDirectory);
}
