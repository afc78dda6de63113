/** Something wrong in a configuration: where, what was expected, and what to try. */
export interface Problem {
  readonly file: string;
  /** 1-based; 0 when the whole file is meant. */
  readonly line: number;
  readonly column: number;
  /** Dotted key path, for example `workflows.client-list.sla`. */
  readonly key: string;
  readonly message: string;
  readonly expected?: string;
  readonly didYouMean?: string;
  /** The file or folder could not be read at all, so nothing was checked. */
  readonly unreadable?: true;
  /** The line may contain a secret, so it must not be shown. */
  readonly confidential?: true;
  /** Only the key of the line may be shown. */
  readonly keyOnly?: true;
  /** A secret is not available on this machine; it may be on another. */
  readonly secretMissing?: true;
}

/** Thrown by `loadPack`; carries every problem found, not only the first. */
export class InvalidPack extends Error {
  override readonly name = 'InvalidPack';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column: key: message; expected …; did you mean …?`, the form that editors make clickable. */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  const key = problem.key === '' ? '' : ` ${problem.key}:`;
  const expected = problem.expected === undefined ? '' : `; expected ${problem.expected}`;
  const hint = problem.didYouMean === undefined ? '' : `; did you mean '${problem.didYouMean}'?`;
  return `${place}:${key} ${problem.message}${expected}${hint}`;
}
