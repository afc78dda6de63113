import type { Environment, Undo } from './environment/environment.js';
import { fitsRoute } from './pattern.js';
import { type Random, seededRandom } from './random.js';
import {
  type EnvironmentRule,
  type FaultRule,
  InvalidFault,
  isRequestRule,
  parseRule,
  type RequestRule,
} from './rule.js';

interface Entry {
  readonly rule: FaultRule;
  readonly random: Random;
  undo: Undo | undefined;
  timer: NodeJS.Timeout | undefined;
}

// While the database is away, nothing else can be put back in it.
const UNDO_FIRST: readonly FaultRule['kind'][] = ['database_down', 'table_lock'];

/** The active rules. Changes happen one after the other, so that a rule is never partly active. */
export class FaultRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #environment: Environment;
  readonly #seed: number;
  readonly #log: (message: string) => void;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(environment: Environment, seed: number, log: (message: string) => void) {
    this.#environment = environment;
    this.#seed = seed;
    this.#log = log;
  }

  list(): FaultRule[] {
    return [...this.#entries.values()].map((entry) => entry.rule);
  }

  /** Checks the rule, activates it, and only then answers. A rule with a known id replaces the old one. */
  async set(input: unknown): Promise<FaultRule> {
    const rule = parseRule(input);
    return this.#oneAtATime(async () => {
      await this.#remove([rule.id]);
      const undo = isRequestRule(rule) ? undefined : await this.#apply(rule);
      const entry: Entry = { rule, random: seededRandom(seedOf(rule, this.#seed)), undo, timer: undefined };
      this.#entries.set(rule.id, entry);
      this.#expireInTime(entry);
      this.#log(`fault ${rule.id} set: ${rule.kind}`);
      return rule;
    });
  }

  /** Puts everything back the way it was; without ids, all of it. Returns how many rules it ended. */
  async clear(ids?: readonly string[]): Promise<number> {
    return this.#oneAtATime(() => this.#remove(ids ?? [...this.#entries.keys()]));
  }

  /** The rules that apply to this request, after the random choice. */
  drawFor(method: string, path: string): { rule: RequestRule; random: Random }[] {
    const now = Date.now();
    return [...this.#entries.values()].flatMap(({ rule, random }) => {
      if (!isRequestRule(rule) || (rule.until !== undefined && Date.parse(rule.until) <= now)) {
        return [];
      }
      const route = rule.kind === 'login_refused' ? 'POST /api/auth/login' : rule.route;
      const isHit = fitsRoute(route, method, path) && (rule.probability >= 1 || random() < rule.probability);
      return isHit ? [{ rule, random }] : [];
    });
  }

  async #apply(rule: EnvironmentRule): Promise<Undo> {
    const twin = [...this.#entries.values()].find(
      ({ rule: other }) => other.kind === rule.kind && JSON.stringify(other.params) === JSON.stringify(rule.params),
    );
    if (twin) {
      throw new InvalidFault([`this is in force already, as ${twin.rule.id}`]);
    }
    return this.#environment.apply(rule);
  }

  #expireInTime(entry: Entry): void {
    const { until, id } = entry.rule;
    if (until !== undefined) {
      entry.timer = setTimeout(() => {
        this.clear([id]).catch((error: unknown) => this.#log(`fault ${id} could not be undone: ${String(error)}`));
      }, Date.parse(until) - Date.now());
      entry.timer.unref();
    }
  }

  async #remove(ids: readonly string[]): Promise<number> {
    const entries = ids.flatMap((id) => this.#entries.get(id) ?? []);
    entries.sort((a, b) => rank(a) - rank(b));
    const failures: unknown[] = [];
    let removed = 0;
    for (const entry of entries) {
      try {
        await entry.undo?.();
        clearTimeout(entry.timer);
        this.#entries.delete(entry.rule.id);
        removed += 1;
        this.#log(`fault ${entry.rule.id} cleared`);
      } catch (error) {
        // It stays listed: what is listed is what is not yet put back.
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, `not undone: ${failures.map(String).join('; ')}`);
    }
    return removed;
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function rank({ rule }: Entry): number {
  const index = UNDO_FIRST.indexOf(rule.kind);
  return index < 0 ? UNDO_FIRST.length : index;
}

function seedOf(rule: FaultRule, fallback: number): number {
  return rule.kind === 'latency' ? (rule.params.seed ?? fallback) : fallback;
}
