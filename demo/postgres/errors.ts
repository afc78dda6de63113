/** A failure of the demo's database whose text ends with what the reader can do about it. */
export class DemoPostgresError extends Error {
  readonly code: string;

  constructor(code: string, what: string, nextStep: string, options?: ErrorOptions) {
    super(`${what} ${nextStep} [${code}]`, options);
    this.name = 'DemoPostgresError';
    this.code = code;
  }
}

/** Every refusal has the same way out, so it is worded once. */
export const USE_YOUR_OWN_SERVER =
  'Or give the address of a PostgreSQL server you already have: DATABASE_URL=postgresql://user:password@host:5432/emptydatabase';

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function codeOfError(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
