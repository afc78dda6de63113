import type { SecretText } from '../../../pack/index.js';

/** The only way to a secret's value: the value is first added to the redactor. */
export type Reveal = (secret: SecretText) => string;
