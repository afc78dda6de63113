import { createHmac, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';

export type PasswordVerdict = 'admitted' | 'refused' | 'busy';

const MAX_REMEMBERED = 100;
/** bcrypt takes tens of milliseconds of this thread; a longer queue would delay the pages. */
const MAX_WAITING = 20;

/**
 * Checks user and password. A comparison takes the same time whether or not the user exists, one comparison runs at a
 * time, and results are cached, because scrapes send the same credentials every few seconds.
 */
export class PasswordCheck {
  /** Successes and failures are cached separately, so that guesses cannot evict real users. */
  readonly #admitted = new Remembered(MAX_REMEMBERED);
  readonly #refused = new Remembered(MAX_REMEMBERED);
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #pepper = randomBytes(32);
  #queue: Promise<unknown> = Promise.resolve();

  async check(header: string | undefined, users: ReadonlyMap<string, string>): Promise<PasswordVerdict> {
    if (users.size === 0) return 'admitted';
    const credentials = parseBasic(header);
    if (credentials === undefined) return 'refused';
    const { user, password } = credentials;
    const known = users.get(user);
    const hash = known ?? fakeHash(users);
    const key = this.#key(user, hash, password);
    if (this.#admitted.has(key)) return known === undefined ? 'refused' : 'admitted';
    if (this.#refused.has(key)) return 'refused';
    if (!this.#underWay.has(key) && this.#underWay.size >= MAX_WAITING) return 'busy';
    const isSame = await this.#compare(key, password, hash);
    const isAdmitted = isSame && known !== undefined;
    (isAdmitted ? this.#admitted : this.#refused).add(key);
    return isAdmitted ? 'admitted' : 'refused';
  }

  #compare(key: string, password: string, hash: string): Promise<boolean> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const turn = this.#queue.then(() => compare(password, hash)).finally(() => this.#underWay.delete(key));
    this.#queue = turn.catch(() => undefined);
    this.#underWay.set(key, turn);
    return turn;
  }

  /** The password itself is not stored; the hash is part of the key, so that a changed hash is compared again. */
  #key(user: string, hash: string, password: string): string {
    return createHmac('sha256', this.#pepper)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64');
  }
}

/** The most recent keys, up to a limit. */
class Remembered {
  readonly #keys = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  add(key: string): void {
    this.#keys.add(key);
    const oldest = this.#keys.values().next();
    if (this.#keys.size > this.#limit && !oldest.done) this.#keys.delete(oldest.value);
  }
}

/** As expensive as the most expensive real hash, so that the response time does not reveal which users exist. */
function fakeHash(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => hash.split('$')[2] ?? '10').sort();
  return `$2b$${costs.at(-1) ?? '10'}$${'.'.repeat(53)}`;
}

function parseBasic(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
