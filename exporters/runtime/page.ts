import type { CollectorRunner } from './collector-runner.js';
import type { Logger } from './log.js';
import type { Family } from './metrics/family.js';
import type { TextFormat } from './metrics/format.js';
import { mergeFamilies } from './metrics/merge.js';
import { renderFamilies } from './metrics/text.js';

export interface PageSources {
  readonly runner: CollectorRunner;
  /** Read immediately after the collectors, so that all values of a page are of the same moment. */
  readonly standing: () => Iterable<Family>;
  readonly log: Logger;
}

/** A page has each metric once, even from several sources; contradictions are logged once. */
export class MetricsPage {
  readonly #sources: PageSources;
  readonly #reported = new Set<string>();

  constructor(sources: PageSources) {
    this.#sources = sources;
  }

  async render(format: TextFormat, budgetMs: number, now: Date): Promise<Buffer> {
    const { runner, standing } = this.#sources;
    const collected = await runner.collect({ budgetMs, now });
    const { families, conflicts } = mergeFamilies([...standing(), ...collected]);
    this.#report(conflicts);
    return Buffer.from(renderFamilies(families, format), 'utf8');
  }

  #report(conflicts: readonly string[]): void {
    for (const conflict of conflicts) {
      if (this.#reported.has(conflict) || this.#reported.size >= 100) continue;
      this.#reported.add(conflict);
      this.#sources.log.error('a metric does not fit the page', { conflict });
    }
  }
}
