export * from '../audit-trail/metrics.js';
export * from '../encryption/metrics.js';
export * from '../policy/metrics.js';
export * from '../workflow/metrics.js';
export * from './declare.js';
export * from './recorded.js';
export * from './runtime.js';
