export { type EncryptionAdditionOptions, encryptionAddition } from './addition.js';
