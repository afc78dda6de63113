import { auditMetrics } from '../../pack/audit-trail/metrics.js';
import { kopCall } from '../runtime/call.js';
import type { LandingSection } from '../runtime/landing/section.js';
import type { Logger } from '../runtime/log.js';
import { type Family, family } from '../runtime/metrics/index.js';
import { type OrphanedState, orphanedStates, withFaults } from './observer/orphans.js';

/** States change when a trail is described or declared, and that is rare. */
const EVERY_MS = 60_000;

/** What is kept of trails that the description does not name any more. Faults in it stay an error until they are declared. */
export class OrphanWatch {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #told = new Set<string>();
  #found: readonly OrphanedState[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Trails were described anew: the next page looks again. */
  forget(): void {
    this.#found = [];
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  async families(described: ReadonlySet<string>): Promise<Family[]> {
    const now = performance.now();
    if (now - this.#lookedAt >= EVERY_MS) {
      this.#found = withFaults(await orphanedStates(this.#folder, described));
      this.#lookedAt = now;
      this.#tell();
    }
    return [
      family(
        auditMetrics.orphanedFaults,
        this.#found.map(({ trail, faults }) => [{ state: trail }, faults] as const),
      ),
    ];
  }

  sections(): LandingSection[] {
    if (this.#found.length === 0) return [];
    return [
      {
        title: 'State of audit trails that are not described any more',
        intro: 'Faults in it stay until a person declares them.',
        table: {
          columns: ['Trail', 'Faults', 'Fix'],
          rows: this.#found.map(({ trail, faults }) => [
            trail,
            { text: String(faults), state: 'bad' },
            orphanFix(trail),
          ]),
        },
        evidence: {
          fineMeans: 'no faults',
          findings: this.#found.map((orphan) => ({
            what: orphan.trail,
            state: 'attention' as const,
            why: orphanText(orphan),
          })),
        },
      },
    ];
  }

  #tell(): void {
    for (const orphan of this.#found) {
      if (this.#told.has(orphan.trail)) continue;
      this.#told.add(orphan.trail);
      const { trail, path } = orphan;
      this.#log.error('what is kept of a trail that is not described any more holds faults', {
        trail,
        path,
        faults: orphan.faults,
        fix: orphanFix(trail),
      });
    }
  }
}

export function orphanText({ trail, faults, path }: OrphanedState): string {
  return `the state of trail ${trail}, which is not described any more, holds ${faults} faults that nobody declared (${path})`;
}

export function orphanFix(trail: string): string {
  return `describe the trail again, or ${kopCall()} audit baseline --orphaned ${trail} --by NAME --reason TEXT`;
}
