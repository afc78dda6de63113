/** The code that the system, the driver or the server gave an error, such as ENOENT or 42501. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
