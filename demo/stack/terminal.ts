import { styleText } from 'node:util';

/** Where the demo talks to its reader. */
export interface Terminal {
  /** Columns of its window. Without a window: COLUMNS, or 80, because somebody reads the log in one later. */
  readonly width: number;
  line(text?: string): void;
  lines(texts: readonly string[]): void;
  /** Announces a step; the returned function replaces the announcement by how it went. */
  step(title: string): (outcome: string, isGood: boolean) => void;
}

const USUAL_COLUMNS = 80;

/** @param columns the environment variable COLUMNS. */
export function widthWithoutWindow(columns: string | undefined): number {
  return columns !== undefined && /^[1-9]\d{1,3}$/.test(columns) ? Number(columns) : USUAL_COLUMNS;
}

/** A terminal of a container or of a program often says that it has 0 columns: nobody told it. */
export function widthOf(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>, columns: string | undefined): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : widthWithoutWindow(columns);
}

/** @param stream standard output or, when that is for a program, standard error */
export function terminal(stream: NodeJS.WriteStream): Terminal {
  // The reader may have gone (`kop demo | head`); what remains to be said is then said to nobody.
  stream.on('error', () => undefined);
  const line = (text = '') => void stream.write(`${text}\n`);
  return {
    width: widthOf(stream, process.env.COLUMNS),
    line,
    lines(texts) {
      for (const text of texts) {
        line(text);
      }
    },
    step(title) {
      const startedAt = performance.now();
      if (stream.isTTY) {
        stream.write(`  ${title} …`);
      }
      return (outcome, isGood) => {
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        const mark = styleText(isGood ? 'green' : 'red', isGood ? '✓' : '✗', { stream });
        const back = stream.isTTY ? '\r\u001b[K' : '';
        line(`${back}  ${mark} ${title.padEnd(16)} ${`${seconds} s`.padStart(7)}  ${outcome}`.trimEnd());
      };
    },
  };
}
