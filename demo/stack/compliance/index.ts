export { complianceAddition } from './addition.js';
export { liveSourcesText } from './live-sources.js';
