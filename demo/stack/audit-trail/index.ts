export { type AuditAdditionOptions, auditAddition } from './addition.js';
