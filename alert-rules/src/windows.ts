import type { Pack } from '../../pack/index.js';
import { type Window, windowOf } from '../../pack/metrics/index.js';
import { settings } from './settings.js';

export interface RecordedWindow {
  readonly name: Window;
  readonly seconds: number;
}

/** Every window that a burn alert reads, shortest first, and an hour and a day, which the dashboards show. */
export function burnWindows(pack: Pack): readonly RecordedWindow[] {
  const seconds = new Set([3_600, 86_400, ...pack.alerting.burn.flatMap((b) => [b.shortSeconds, b.longSeconds])]);
  return [...seconds].sort((a, b) => a - b).map((s) => ({ name: windowOf(s), seconds: s }));
}

export function isRaw(window: RecordedWindow): boolean {
  return window.seconds <= settings.rawWindowSeconds;
}
