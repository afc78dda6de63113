import { loadPack, type Pack } from '../../../pack/index.js';

/** The shipped description, with some of it changed. */
export function packWith(changes: Partial<Pack> = {}): Pack {
  return { ...loadPack(['pack.yaml'], { requireSecrets: false }), ...changes };
}
