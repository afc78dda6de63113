import type { EncryptionKey, FieldEncryption } from '../../../pack/index.js';
import type { KeyFacts } from '../providers/provider.js';
import type { ReadOnlyDatabase } from '../scan/database.js';
import { failureOf } from '../scan/failure.js';
import { readKeyTable } from './key-table.js';
import type { KeyKnowledge } from './versions.js';

export interface KeyState {
  readonly key: EncryptionKey;
  readonly knowledge: KeyKnowledge;
  /** Why its age is not known now. What was known of its versions stays true. */
  readonly trouble?: string;
}

export interface KeyWatchDeps {
  readonly encryption: FieldEncryption;
  readonly database: ReadOnlyDatabase | undefined;
  readonly keyFacts: (portal: string, provider: string) => KeyFacts | undefined;
}

/** What is known of the keys of one portal. */
export class KeyWatch {
  readonly #deps: KeyWatchDeps;
  readonly #read = new Map<string, KeyState>();

  constructor(deps: KeyWatchDeps) {
    this.#deps = deps;
  }

  /** Reads the tables; providers are asked by the probe. Never throws. */
  async refresh(signal: AbortSignal): Promise<void> {
    for (const key of this.#deps.encryption.keys) {
      const { source } = key;
      if (source.kind !== 'table') continue;
      try {
        const { database } = this.#deps;
        if (database === undefined) throw new Error('no database is described to read it from');
        const knowledge = await database.look(signal, (query) => readKeyTable(query, source));
        const isEmpty = knowledge.latest === undefined;
        this.#read.set(key.name, {
          key,
          knowledge,
          ...(isEmpty ? { trouble: `${source.table} holds no row for '${source.means}'` } : {}),
        });
      } catch (error) {
        const { versions, latest } = this.#read.get(key.name)?.knowledge ?? {};
        const knowledge = {
          ...(versions === undefined ? {} : { versions }),
          ...(latest === undefined ? {} : { latest }),
        };
        this.#read.set(key.name, { key, knowledge, trouble: failureOf(error).message });
      }
    }
  }

  states(): KeyState[] {
    return this.#deps.encryption.keys.map((key) => this.#stateOf(key));
  }

  knowledge(name: string | undefined): KeyKnowledge {
    const key = this.#deps.encryption.keys.find((each) => each.name === name);
    return key === undefined ? {} : this.#stateOf(key).knowledge;
  }

  #stateOf(key: EncryptionKey): KeyState {
    const { source } = key;
    if (source.kind === 'table') {
      return this.#read.get(key.name) ?? { key, knowledge: {}, trouble: 'not read yet' };
    }
    const facts = this.#deps.keyFacts(this.#deps.encryption.portal, source.provider);
    if (facts === undefined) return { key, knowledge: {}, trouble: `provider '${source.provider}' told nothing yet` };
    const { latestVersion, rotatedAtSeconds } = facts;
    return {
      key,
      knowledge: { latest: latestVersion, ...(rotatedAtSeconds === undefined ? {} : { rotatedAtSeconds }) },
    };
  }
}
