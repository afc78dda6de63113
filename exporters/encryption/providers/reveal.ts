import type { SecretText } from '../../../pack/index.js';

/** The only way to a secret's value: it makes sure that the value is hidden on every outlet first. */
export type Reveal = (secret: SecretText) => string;
