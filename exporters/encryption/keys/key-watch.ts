import type { EncryptionKey, FieldEncryption, ProviderKey } from '../../../pack/encryption/model.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { logProblem } from '../log-problem.js';
import { asFailure } from '../providers/failure.js';
import type { ScanDatabase } from '../scan/database.js';
import { scanFailureOf } from '../scan/failure.js';
import { readKeyTable } from './key-table.js';
import { readProviderKey } from './provider-key.js';
import type { KeyKnowledge } from './versions.js';

export interface KeyState {
  readonly key: EncryptionKey;
  readonly knowledge: KeyKnowledge;
  /** Why its age or one of its versions is currently unknown. Known versions stay valid. */
  readonly problem?: string;
}

export interface KeyWatchDeps {
  readonly encryption: FieldEncryption;
  readonly database: ScanDatabase | undefined;
  readonly redactor: Redactor;
  readonly log: Logger;
}

/** What is known about the keys of one portal. */
export class KeyWatch {
  readonly #deps: KeyWatchDeps;
  readonly #read = new Map<string, KeyState>();

  constructor(deps: KeyWatchDeps) {
    this.#deps = deps;
  }

  /**
   * Queries the source of every key at the same time: a hanging key service must not delay the tables. Never throws.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#deps.encryption.keys.map(async (key) => {
        const state = await this.#ask(key, signal);
        // A source that was aborted has not failed.
        if (!signal.aborted) this.#note(state);
      }),
    );
  }

  states(): KeyState[] {
    return this.#deps.encryption.keys.map((key) => this.#stateOf(key));
  }

  /** Undefined for an unknown key. */
  state(name: string | undefined): KeyState | undefined {
    const key = this.#deps.encryption.keys.find((each) => each.name === name);
    return key === undefined ? undefined : this.#stateOf(key);
  }

  knowledge(name: string | undefined): KeyKnowledge {
    return this.state(name)?.knowledge ?? {};
  }

  async #ask(key: EncryptionKey, signal: AbortSignal): Promise<KeyState> {
    const { source } = key;
    try {
      if (source.kind === 'provider') return { key, knowledge: await this.#fromProvider(source, signal) };
      const { database } = this.#deps;
      if (database === undefined) return { key, knowledge: {}, problem: 'no database is described to read it from' };
      return { key, ...(await database.look(signal, (query) => readKeyTable(query, source))) };
    } catch (error) {
      const { versions, undecided, latest, earliest } = this.#read.get(key.name)?.knowledge ?? {};
      const knowledge = {
        ...(versions === undefined ? {} : { versions }),
        ...(undecided === undefined ? {} : { undecided }),
        ...(latest === undefined ? {} : { latest }),
        ...(earliest === undefined ? {} : { earliest }),
      };
      const { message } = source.kind === 'provider' ? asFailure(error) : scanFailureOf(error);
      return { key, knowledge, problem: message };
    }
  }

  async #fromProvider({ provider: name, providerKey }: ProviderKey, signal: AbortSignal): Promise<KeyKnowledge> {
    const { encryption, redactor } = this.#deps;
    const provider = encryption.providers.find((each) => each.name === name);
    if (provider?.kind !== 'transit') throw new Error(`a key of provider '${name}' passed the rules`);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(encryption.probe.timeoutMs)]);
    return readProviderKey(provider, providerKey, redactor, limited);
  }

  #note(state: KeyState): void {
    const { name } = state.key;
    const log = this.#deps.log.child({ portal: this.#deps.encryption.portal, key: name });
    logProblem(log, 'the versions and the age of a key', this.#read.get(name)?.problem, state.problem);
    this.#read.set(name, state);
  }

  #stateOf(key: EncryptionKey): KeyState {
    return this.#read.get(key.name) ?? { key, knowledge: {}, problem: 'not read yet' };
  }
}
