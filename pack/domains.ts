import { auditTrail } from './audit-trail/index.js';
import { compliance } from './compliance/index.js';
import type { PackDomain } from './domain.js';
import { encryption } from './encryption/index.js';
import { workflow } from './workflow/index.js';

/**
 * The domains there are, in the order in which references list them. A new one is a line here; all else of it is in
 * its folder.
 *
 * @returns what the visit returned for each, under the name of its section.
 */
export function eachDomain(visit: <Key extends string, Entry>(domain: PackDomain<Key, Entry>) => readonly Entry[]) {
  return {
    [workflow.key]: visit(workflow),
    [auditTrail.key]: visit(auditTrail),
    [encryption.key]: visit(encryption),
    [compliance.key]: visit(compliance),
  };
}

/** The entries of each domain, under the name of its section. */
export type DomainEntries = Readonly<ReturnType<typeof eachDomain>>;

export interface DomainCount {
  readonly key: string;
  readonly count: number;
  readonly noun: string;
  readonly nouns: string;
}

/** How many entries each domain has, in the order of the registry. */
export function countsOf(entries: DomainEntries): readonly DomainCount[] {
  const counts: DomainCount[] = [];
  eachDomain(({ key, noun, nouns }) => {
    const own: unknown = Reflect.get(entries, key);
    counts.push({ key, count: Array.isArray(own) ? own.length : 0, noun, nouns });
    return [];
  });
  return counts;
}
