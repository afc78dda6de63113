import { promises } from 'node:dns';
import { performance } from 'node:perf_hooks';

const PATIENCE_MS = 1500;
/** Names that fail together share one check. No longer: a server that answered may be gone by the next failure. */
const REMEMBERED_MS = 1000;
const KEPT_DOMAINS = 16;

/** An answer: the name is there, or it is not. */
const answers: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);
/** A server that serves no root says so in one of these ways. It works. */
const policies: ReadonlySet<string> = new Set(['EREFUSED', 'ENOTIMP', 'EFORMERR']);

interface Check {
  readonly work: Promise<boolean>;
  endedAtMs: number | undefined;
}

/** The name servers of this machine, and whether they work. */
export class NameServers {
  readonly #addresses: () => readonly string[];
  /** The last name of each domain that was resolved, the newest last. */
  readonly #resolved = new Map<string, string>();
  #check: Check | undefined;

  constructor(addresses: () => readonly string[]) {
    this.#addresses = addresses;
  }

  /** Names of other domains are the second thing to ask about when a name fails. */
  noteResolved(host: string): void {
    const domain = domainOf(host);
    if (domain === 'localhost') return;
    this.#resolved.delete(domain);
    this.#resolved.set(domain, host);
    const [oldest] = this.#resolved.keys();
    if (this.#resolved.size > KEPT_DOMAINS && oldest !== undefined) this.#resolved.delete(oldest);
  }

  /**
   * Whether any of them works while a name has no answer. If one does, the servers of that name fail.
   *
   * Each is asked at once for the servers of the root, which every resolver knows, and for a name of another domain that
   * it has resolved before: in a closed network the root may be out of reach.
   */
  work(host: string): Promise<boolean> {
    const last = this.#check;
    if (last !== undefined && performance.now() - (last.endedAtMs ?? Number.POSITIVE_INFINITY) <= REMEMBERED_MS)
      return last.work;
    const work = this.#ask(host).catch(() => false);
    const check: Check = { work, endedAtMs: undefined };
    this.#check = check;
    void work.then(() => {
      check.endedAtMs = performance.now();
    });
    return work;
  }

  /** @throws when none answers. */
  async #ask(host: string): Promise<true> {
    const other = [...this.#resolved].findLast(([domain]) => domain !== domainOf(host))?.[1];
    await Promise.any(
      this.#addresses().flatMap((address) => {
        const resolver = resolverAt(address);
        const root = resolver.resolveNs('.').catch(unless((code) => answers.has(code) || policies.has(code)));
        if (other === undefined) return [root];
        return [root, resolver.resolve4(other).catch(unless((code) => answers.has(code)))];
      }),
    );
    return true;
  }
}

/** Asks one server. A link-local one needs its interface, which is lost here: it is asked with all others. */
function resolverAt(address: string): promises.Resolver {
  const resolver = new promises.Resolver({ timeout: PATIENCE_MS, tries: 1 });
  if (!/^\[?fe80:/i.test(address)) resolver.setServers([address]);
  return resolver;
}

/** As the system names them now; a resolver reads its configuration when it is made. */
export const ourNameServers = new NameServers(() => new promises.Resolver().getServers());

function unless(isAnswer: (code: string) => boolean): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!isAnswer(error.code ?? '')) throw error;
  };
}

/** Its last two labels: names of one zone fail together. */
function domainOf(host: string): string {
  return host.replace(/\.$/, '').split('.').slice(-2).join('.').toLowerCase();
}
