export * from './audit-trail.js';
export * from './calendar.js';
export * from './declare.js';
export * from './encryption.js';
export * from './recorded.js';
export * from './runtime.js';
export * from './workflow.js';
