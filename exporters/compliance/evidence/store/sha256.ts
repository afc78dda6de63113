import { hash } from 'node:crypto';

/** Of the UTF-8 form, in hexadecimal. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
