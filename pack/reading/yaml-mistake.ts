/** A syntax error in YAML: the position of its cause, and a message that says what to change. */
export interface SyntaxMistake {
  readonly offset: number;
  readonly message: string;
  readonly expected?: string;
}
