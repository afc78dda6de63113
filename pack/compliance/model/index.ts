export * from './board.js';
export * from './check.js';
export * from './control.js';
export * from './obligation.js';
export * from './status.js';
