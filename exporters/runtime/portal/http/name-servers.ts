import { promises } from 'node:dns';
import { performance } from 'node:perf_hooks';

const PATIENCE_MS = 1500;
/**
 * Names that fail at the same time share one check. Not longer: a server that answered may be down at the next failure.
 */
const REMEMBERED_MS = 1000;
const KEPT_DOMAINS = 16;

/** An answer: the name exists, or it does not. */
const answers: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);
/** Answers of a server that does not serve the root. It works. */
const policies: ReadonlySet<string> = new Set(['EREFUSED', 'ENOTIMP', 'EFORMERR']);

interface Check {
  readonly work: Promise<boolean>;
  endedAtMs: number | undefined;
}

/** The name servers of this machine, and whether they work. */
export class NameServers {
  readonly #addresses: () => readonly string[];
  /** The last resolved name of each domain, the newest last. */
  readonly #resolved = new Map<string, string>();
  #check: Check | undefined;

  constructor(addresses: () => readonly string[]) {
    this.#addresses = addresses;
  }

  /** When a name fails, a name of another domain is queried in addition to the root. */
  noteResolved(host: string): void {
    const domain = domainOf(host);
    if (domain === 'localhost') return;
    this.#resolved.delete(domain);
    this.#resolved.set(domain, host);
    const [oldest] = this.#resolved.keys();
    if (this.#resolved.size > KEPT_DOMAINS && oldest !== undefined) this.#resolved.delete(oldest);
  }

  /**
   * Whether any of them works while a name has no answer. If one does, the name servers of that domain have failed.
   * Each is asked for the root name servers, which every resolver knows, and at the same time for a name of another
   * domain that was
   * resolved before: in a closed network the root may be unreachable.
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

/**
 * Queries one server. A link-local server needs its interface, which is unknown here: it is queried with all others.
 */
function resolverAt(address: string): promises.Resolver {
  const resolver = new promises.Resolver({ timeout: PATIENCE_MS, tries: 1 });
  if (!/^\[?fe80:/i.test(address)) resolver.setServers([address]);
  return resolver;
}

/** The current servers of the system; a resolver reads its configuration when it is created. */
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
