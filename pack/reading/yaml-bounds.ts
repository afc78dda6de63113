import { CST, Lexer } from 'yaml';

/** Aliases are expanded by copying, so ten nested ones could create billions of nodes. No real pack comes close. */
export const maximumNodes = 100_000;
/** Deep enough for any body, and shallow enough that neither our recursion nor the parser's overflows the stack. */
export const maximumDepth = 100;
/** Four columns for each level. */
const maximumIndent = 4 * maximumDepth;
const maximumDocuments = 10;
const maximumStray = 20;

export interface Excess {
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
}

export const tooDeep = { message: 'the values are nested too deeply', expected: `at most ${maximumDepth} levels` };

/**
 * Finds input that is too large for the parser, which is recursive and partly quadratic: V8 aborts the whole process
 * when the stack overflows at the wrong moment. Only tokens are read, and reading stops at the first excess.
 */
export function excessIn(text: string): Excess | undefined {
  const scan = new Scan();
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    if (isScalar) {
      isScalar = false;
      scan.value(token);
    } else if (type === 'scalar') {
      // A marker of the lexer: the next token is the text.
      isScalar = true;
    } else if (type !== 'doc-mode' && type !== 'flow-error-end') {
      scan.token(token, type);
    }
    if (scan.excess !== undefined) return scan.excess;
  }
  return undefined;
}

class Scan {
  excess: Excess | undefined;
  #offset = 0;
  #column = 0;
  /** Where the first value of this line begins. */
  #margin: number | undefined;
  #flow = 0;
  #nodes = 0;
  #documents = 0;
  #stray = 0;

  value(token: string): void {
    this.#margin ??= this.#column;
    this.#count();
    this.#advance(token);
  }

  token(token: string, type: CST.TokenType | null): void {
    switch (type) {
      case 'newline':
        this.#offset += token.length;
        this.#column = 0;
        this.#margin = undefined;
        return;
      case 'flow-seq-start':
      case 'flow-map-start':
        this.#flow += 1;
        if (this.#flow > maximumDepth) this.#refuse(tooDeep);
        this.#count();
        break;
      case 'flow-seq-end':
      case 'flow-map-end':
        if (this.#flow > 0) this.#flow -= 1;
        else this.#stray += 1;
        if (this.#stray > maximumStray)
          this.#refuse({
            message: `this ${token} closes nothing`,
            expected: `a ${token === ']' ? '[' : '{'} before it`,
          });
        break;
      case 'doc-start':
        this.#documents += 1;
        if (this.#documents > maximumDocuments)
          this.#refuse({ message: 'another YAML document begins here', expected: 'one document a file' });
        break;
      case 'seq-item-ind':
      case 'explicit-key-ind':
        this.#count();
        this.#judgeMargin();
        break;
      case 'map-value-ind':
        this.#judgeMargin();
        break;
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
        this.value(token);
        return;
    }
    this.#advance(token);
  }

  #judgeMargin(): void {
    if (this.#flow === 0 && (this.#margin ?? this.#column) > maximumIndent) this.#refuse(tooDeep);
  }

  #count(): void {
    this.#nodes += 1;
    // For the lexer, keys are values too.
    if (this.#nodes > 2 * maximumNodes)
      this.#refuse({ message: 'the file holds too many values', expected: `at most ${maximumNodes} values` });
  }

  #refuse(what: Omit<Excess, 'offset'>): void {
    this.excess ??= { offset: this.#offset, ...what };
  }

  #advance(token: string): void {
    this.#offset += token.length;
    this.#column += token.length;
  }
}
