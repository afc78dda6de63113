/**
 * What a domain says of itself. A domain is something that portals promise: it has a section of `pack.yaml`, whose
 * entries have names, and the metrics by which it is measured. `domains.ts` lists all of them.
 */
import type { z } from 'zod';
import type { MetricFamily, Recorded } from './metrics/declare.js';
import type { Window } from './metrics/window.js';
import { read } from './reading/parse.js';
import type { Places } from './reading/places.js';
import { named } from './reading/schema/say.js';
import type { SecretsOfSection } from './secrets/secret-places.js';
import type { JudgedShared } from './shared/rule.js';
import type { ParsedShared } from './shared/schema.js';

/** What a rule looks at. */
export interface Judged<Parsed> extends JudgedShared {
  /** The domain's own section, without the entries whose shape is wrong: what is said of them has been said. */
  readonly own: Readonly<Record<string, Parsed>>;
}

/** Checks one thing and reports its problems. */
export type Rule<Parsed> = (judged: Judged<Parsed>) => void;

export interface DomainDescription<Key extends string, Schema extends z.ZodType, Entry> {
  /** Name of its section. */
  readonly key: Key;
  /** What the entries are, for messages: `audit trails`. */
  readonly nouns: string;
  /** What one entry is. */
  readonly noun: string;
  /** A sentence for the reference and for editors. */
  readonly about: string;
  /** Of one entry. */
  readonly schema: Schema;
  /** What one schema cannot see: what parts of the description say of each other. */
  readonly rules: readonly Rule<z.output<Schema>>[];
  /** An entry without problems, as the other parts of the pack see it. */
  readonly resolve: (name: string, parsed: z.output<Schema>, resolving: Resolving) => Entry;
  /** Files that are read for an entry beside the description, with their digests. */
  readonly files?: (entry: Entry) => readonly { readonly paths: readonly string[]; readonly sha256: string }[];
  /** What of an entry is valid and yet worth a word. */
  readonly warnings?: (entry: Entry) => readonly string[];
  /** What of an entry has no database yet: nothing about it can be known, and that must be said. */
  readonly unconnected?: (entry: Entry) => readonly Unconnected[];
  /** Where its secrets stand. Without it no reference to a secret is read in the section. */
  readonly secrets?: SecretsOfSection;
  readonly metrics: readonly MetricFamily[];
  /** Every series that its rules record. */
  readonly recorded?: (windows: readonly Window[]) => readonly Recorded[];
}

export interface Unconnected {
  /** Such as `Audit trail kingston`. */
  readonly what: string;
  /** Variables that name its database and are not set. */
  readonly variables: readonly string[];
  /** What is unknown until then, as a sentence's end. */
  readonly meanwhile: string;
}

export interface Resolving {
  readonly places: Places;
  readonly shared: ParsedShared;
}

export interface Resolved<Entry> {
  readonly entries: readonly Entry[];
  readonly warnings: readonly string[];
  readonly unconnected: readonly Unconnected[];
  readonly files: readonly { readonly paths: readonly string[]; readonly sha256: string }[];
}

/** A domain whose entries have been read. */
export interface ReadDomain<Entry> {
  judge(judged: JudgedShared): void;
  resolve(resolving: Resolving): Resolved<Entry>;
}

/** A domain as the registry knows it: what its entries look like before they are resolved is its own matter. */
export interface PackDomain<Key extends string = string, Entry = unknown> {
  readonly key: Key;
  readonly noun: string;
  readonly nouns: string;
  /** Of the whole section. */
  readonly schema: z.ZodType;
  readonly secrets: SecretsOfSection | undefined;
  readonly metrics: readonly MetricFamily[];
  readonly recorded: (windows: readonly Window[]) => readonly Recorded[];
  /** @param section as it was written, with the right shape. */
  read(section: unknown): ReadDomain<Entry>;
}

export function domain<const Key extends string, Schema extends z.ZodType, Entry>(
  description: DomainDescription<Key, Schema, Entry>,
): PackDomain<Key, Entry> {
  const {
    key,
    noun,
    nouns,
    about,
    rules,
    secrets,
    metrics,
    recorded = () => [],
    warnings = () => [],
    unconnected = () => [],
    files = () => [],
  } = description;
  const entrySchema = named(description.schema, nouns);
  return {
    key,
    noun,
    nouns,
    schema: entrySchema.prefault({}).describe(about),
    secrets,
    metrics,
    recorded,
    read: (section) => {
      const own = read(entrySchema, section ?? {});
      return {
        judge: (judged) => {
          for (const rule of rules) rule({ own, ...judged });
        },
        resolve: (resolving) => {
          const entries = Object.entries(own).map(([name, parsed]) => description.resolve(name, parsed, resolving));
          return {
            entries,
            warnings: entries.flatMap(warnings),
            unconnected: entries.flatMap(unconnected),
            files: entries.flatMap(files),
          };
        },
      };
    },
  };
}
