/** A mistake in the writing of YAML, at its cause and in words that say what to change. */
export interface SyntaxMistake {
  readonly offset: number;
  readonly message: string;
  readonly expected?: string;
}
