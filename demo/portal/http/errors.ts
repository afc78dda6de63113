/** An answer other than 200 that a route chose, printed the way FastAPI prints it. */
export class HttpError extends Error {
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(`${status}`);
    this.name = 'HttpError';
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }
}

export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
}

/** pydantic's 422. It repeats the input, passwords included: that is what the portal does. */
export function unprocessable(...issues: ValidationIssue[]): HttpError {
  return new HttpError(
    422,
    issues.map((issue) => ({ ...issue, url: `https://errors.pydantic.dev/2.5/v/${issue.type}` })),
  );
}

export const notFound = (detail: string) => new HttpError(404, detail);
