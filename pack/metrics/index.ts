/** What all metrics share: how they are declared, and those that every exporter has. */
export * from './declare.js';
export * from './recorded.js';
export * from './runtime.js';
export * from './window.js';
