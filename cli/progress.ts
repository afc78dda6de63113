import type { WriteStream } from 'node:tty';

export interface Progress {
  show(what: string, done: number, of: number | undefined, note?: string): void;
  end(): void;
}

const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;
const BAR_CELLS = 24;

/** A progress bar on a terminal; a line now and then elsewhere. */
export function progressOn(stream: WriteStream): Progress {
  return stream.isTTY ? bar(stream) : lines(stream);
}

function bar(stream: WriteStream): Progress {
  let drawnAt = 0;
  const erase = () => stream.write('\r\u001b[K');
  return {
    show(what, done, of, note = '') {
      const now = performance.now();
      if (now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const full = of === undefined || of === 0 ? 0 : Math.min(BAR_CELLS, Math.round((done / of) * BAR_CELLS));
      const drawn = of === undefined ? '' : `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} `;
      erase();
      stream.write(`${drawn}${text(what, done, of)}${note}`.slice(0, Math.max(20, (stream.columns || 80) - 1)));
    },
    end: erase,
  };
}

function lines(stream: WriteStream): Progress {
  let writtenAt = performance.now();
  return {
    show(what, done, of, note = '') {
      if (performance.now() - writtenAt < LINE_EVERY_MS) return;
      writtenAt = performance.now();
      stream.write(`${text(what, done, of)}${note}\n`);
    },
    end: () => undefined,
  };
}

function text(what: string, done: number, of: number | undefined): string {
  const percent = of === undefined || of === 0 ? '' : `${String(Math.floor((100 * done) / of)).padStart(3)} % `;
  return `${percent}${what}: ${done.toLocaleString('en')}${of === undefined ? '' : ` of ${of.toLocaleString('en')}`}`;
}
