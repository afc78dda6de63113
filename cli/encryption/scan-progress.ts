import type { WriteStream } from 'node:tty';
import type { ScanProgress } from '../../exporters/encryption/scan/column-scan.js';

export interface ScanProgressBar {
  show(name: string, progress: ScanProgress): void;
  note(text: string): void;
  end(): void;
}

const REDRAW_MS = 100;
const BAR_CELLS = 24;
const LINE_EVERY_MS = 10_000;

/** A progress bar on a terminal, and occasional lines in a file. */
export function scanProgressOn(stream: WriteStream): ScanProgressBar {
  return stream.isTTY ? bar(stream) : lines(stream);
}

function bar(stream: WriteStream): ScanProgressBar {
  let drawnAt = 0;
  const erase = () => stream.write('\r\x1b[K');
  return {
    show(name, progress) {
      const now = performance.now();
      if (now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const full = Math.round(progress.ratio * BAR_CELLS);
      const text = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent(progress)} ${name}, ${rows(progress)}`;
      erase();
      stream.write(text.slice(0, Math.max(20, (stream.columns || 80) - 1)));
    },
    note(text) {
      erase();
      stream.write(`${text}\n`);
    },
    end: erase,
  };
}

function lines(stream: WriteStream): ScanProgressBar {
  const begun = new Set<string>();
  let writtenAt = performance.now();
  return {
    show(name, progress) {
      const isFirst = !begun.has(name);
      if (!isFirst && performance.now() - writtenAt < LINE_EVERY_MS) return;
      begun.add(name);
      writtenAt = performance.now();
      stream.write(`${name}: ${percent(progress).trim()}, ${rows(progress)}\n`);
    },
    note: (text) => stream.write(`${text}\n`),
    end: () => undefined,
  };
}

function percent({ ratio }: ScanProgress): string {
  return `${Math.floor(ratio * 100)} %`.padStart(5);
}

function rows({ rows: read, estimatedRows }: ScanProgress): string {
  return `${read} of about ${Math.max(read, Math.round(estimatedRows))} rows`;
}
