export { reasonOf } from './failure.js';
export { CannotKeepState, looseFolder, type StateFolder, writeWhole } from './folder.js';
export { HeldFolder, StateTaken } from './held-folder.js';
export { type KeptState, StateKeeper } from './keeper.js';
export { type DirectoryLock, DirectoryTaken, LockUnreadable, liveHolder, lockDirectory } from './lock.js';
export {
  exporterPlace,
  isNamed,
  placeText,
  type StatePlace,
  statePlace,
  stateSources,
} from './place.js';
