export { isOfTheMachine, reasonOf } from './failure.js';
export { CannotKeepState, looseFolder, type StateFolder, writeWhole } from './folder.js';
export { HeldFolder, StateTaken } from './held-folder.js';
export { type KeptState, StateKeeper } from './keeper.js';
export { liveHolder } from './lock.js';
export { HOW_TO_CHOOSE_A_PLACE, placeText, type StatePlace, statePlace } from './place.js';
