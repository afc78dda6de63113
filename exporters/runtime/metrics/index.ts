export * from './family.js';
export * from './format.js';
export { Counter, Gauge, Histogram } from './handles.js';
export type { Labels } from './labels.js';
export { mergeFamilies } from './merge.js';
export { MetricStore, type MetricStoreOptions } from './store.js';
export { renderFamilies } from './text.js';
