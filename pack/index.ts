export { isOpen, validUntil } from './calendar.js';
export { type UnconnectedTrail, unconnectedTrails } from './connection.js';
export { type Excerpt, excerpt } from './excerpt.js';
export { packJsonSchema } from './json-schema.js';
export { type LoadOptions, loadPack, type PackSection, packageRoot, shippedPackPath } from './load.js';
export type * from './model.js';
export { applyPathStyle, forbiddenBy } from './paths.js';
export { formatProblem, InvalidPack, type Problem } from './problems.js';
export { SecretText, SecretUnavailable, type Text } from './secret.js';
