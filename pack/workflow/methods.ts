/** Whether a method changes data unless the step says otherwise (RFC 9110, section 9.2.1). */
export function isMutating(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method);
}
