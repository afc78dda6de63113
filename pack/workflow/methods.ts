/** Whether a method changes data when nothing else is said (RFC 9110, section 9.2.1). */
export function isMutating(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method);
}
