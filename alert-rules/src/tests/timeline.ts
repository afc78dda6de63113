/**
 * Values over time in promtool's notation, one a minute: `0+1x59` is sixty samples, `_x5` five missing ones.
 *
 * A series that ends is marked `stale`, as a failed scrape does; without it promtool would see it for 5 minutes more.
 */
export class Timeline {
  readonly #parts: string[] = [];
  #value = 0;
  #present = false;

  /** A counter that grows by `perMinute`; starts again at 0 after a gap, as a restarted exporter's does. */
  grow(minutes: number, perMinute: number): this {
    const first = this.#present ? this.#value + perMinute : 0;
    this.#linear(minutes, first, perMinute);
    return this;
  }

  hold(minutes: number, value: number): this {
    this.#linear(minutes, value, 0);
    return this;
  }

  /** The time itself, in seconds; a test's clock starts at 0, but 0 means never. */
  clock(minutes: number, fromMinute: number): this {
    if (minutes > 0 && fromMinute === 0) {
      this.#linear(1, 1, 0);
      this.#linear(minutes - 1, 60, 60);
    } else {
      this.#linear(minutes, fromMinute * 60, 60);
    }
    return this;
  }

  gap(minutes: number): this {
    if (minutes === 0) return this;
    const missing = this.#present ? minutes - 1 : minutes;
    if (this.#present) this.#parts.push('stale');
    if (missing > 0) this.#parts.push(`_x${missing}`);
    this.#present = false;
    return this;
  }

  get last(): number {
    return this.#value;
  }

  toString(): string {
    return this.#parts.join(' ');
  }

  #linear(minutes: number, first: number, step: number): void {
    if (minutes === 0) return;
    const more = minutes - 1;
    this.#parts.push(step === 0 ? `${text(first)}x${more}` : `${text(first)}+${text(step)}x${more}`);
    this.#value = first + step * more;
    this.#present = true;
  }
}

function text(value: number): string {
  return String(Number(value.toPrecision(9)));
}
