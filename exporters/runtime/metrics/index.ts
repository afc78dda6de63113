export * from './family.js';
export * from './format.js';
export { Counter } from './handles.js';
export { mergeFamilies } from './merge.js';
export { MetricStore } from './store.js';
export { renderFamilies } from './text.js';
