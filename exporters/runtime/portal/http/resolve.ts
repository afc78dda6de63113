import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Network } from '../../../../pack/index.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import { OurFault, StepFailure } from '../step-failure.js';
import { codeOf } from './failure.js';
import { machineFault, silentServers } from './machine-fault.js';
import { ourNameServers } from './name-servers.js';

/**
 * The system's name look-ups run in libuv's threads, and only half of these may be used for them. So two names whose
 * servers do not answer delay all others, including those of other portals. This keeps the queue here, where waiting
 * time is visible as the exporter's own and not that of a name server.
 */
const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4) || 4;
export const lookupsAtOnce = Math.max(1, Math.floor((threads + 1) / 2));

/** After a longer look-up, the exporter checks whether the name servers of this machine work. */
const LONG_MS = 2000;

class Lookup {
  readonly host: string;
  readonly answer: Promise<readonly LookupAddress[]>;
  /** Called when it begins. */
  readonly onBegin = new Set<() => void>();
  hasBegun = false;
  /** Set when this was found out after some time without an answer. */
  hasSilentServers = false;
  #ask = () => {};

  constructor(host: string) {
    this.host = host;
    this.answer = new Promise((done, fail) => {
      this.#ask = () =>
        lookup(host, { all: true, verbatim: true }, (error, addresses) => {
          if (error === null) {
            ourNameServers.noteResolved(host);
            done(addresses);
          } else fail(error);
        });
    });
    // There may be no receiver any more.
    this.answer.catch(() => {});
  }

  begin(): void {
    this.hasBegun = true;
    for (const told of this.onBegin) told();
    const timer = setTimeout(() => {
      void ourNameServers.work(this.host).then((work) => {
        this.hasSilentServers = !work;
      });
    }, LONG_MS);
    const ended = () => clearTimeout(timer);
    this.answer.then(ended, ended);
    this.#ask();
  }
}

const queue: Lookup[] = [];
const known = new Map<string, Lookup>();
let underWay = 0;

export interface LookupProgress {
  /** It waits for a free thread; not called if one is free. */
  readonly onQueued: () => void;
  /** The query to a name server starts. */
  readonly onBegin: () => void;
  /** It failed; finding out whose fault it is takes the exporter's own time. */
  readonly onFailure: () => void;
}

/**
 * The addresses of a host, in the order in which to try them (RFC 8305, 4): the first as the system or the preference
 * says, then the families by turns.
 *
 * @param progress before the query to a name server starts, no time counts as the portal's.
 * @throws {StepFailure} `dns`, the signal's reason, or {@link OurFault}.
 */
export async function resolveHost(
  host: string,
  preference: Network['ipPreference'],
  signal: Cancellation,
  progress: LookupProgress,
): Promise<readonly string[]> {
  const family = isIP(host);
  const { onBegin } = progress;
  if (family !== 0) {
    onBegin();
    return [host];
  }
  const lookedUp = lookUp(host, onBegin);
  if (!lookedUp.hasBegun) progress.onQueued();
  try {
    const addresses = await abortable<readonly LookupAddress[]>(signal, (done, fail) => {
      const judge = (error: unknown) => {
        progress.onFailure();
        failureOf(host, error).then(fail, fail);
      };
      lookedUp.answer.then(done, judge);
    });
    const chosen = order(addresses, preference);
    if (chosen.length === 0) throw new StepFailure('dns', `${host} has no address for ipPreference ${preference}`);
    return chosen;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (lookedUp.hasSilentServers) throw silentServers(host, undefined, error);
    if (lookedUp.hasBegun) throw error;
    const others = [...known.values()].filter(({ hasBegun }) => hasBegun).map((other) => other.host);
    throw new OurFault(
      'dns-queue',
      `the name of ${host} was not looked up, because the look-ups of ${others.join(', ')} take all threads; ` +
        'raise UV_THREADPOOL_SIZE, or make their name servers answer',
      { cause: error },
    );
  } finally {
    lookedUp.onBegin.delete(onBegin);
  }
}

/** Runs that resolve the same name at the same time share one look-up. */
function lookUp(host: string, onBegin: () => void): Lookup {
  const shared = known.get(host);
  if (shared !== undefined) {
    if (shared.hasBegun) onBegin();
    else shared.onBegin.add(onBegin);
    return shared;
  }
  const entry = new Lookup(host);
  entry.onBegin.add(onBegin);
  known.set(host, entry);
  queue.push(entry);
  next();
  return entry;
}

function next(): void {
  while (underWay < lookupsAtOnce) {
    const entry = queue.shift();
    if (entry === undefined) return;
    underWay += 1;
    const ended = () => {
      underWay -= 1;
      known.delete(entry.host);
      next();
    };
    entry.answer.then(ended, ended);
    entry.begin();
  }
}

async function failureOf(host: string, error: unknown): Promise<StepFailure> {
  const ours = await machineFault(error, host);
  return ours ?? new StepFailure('dns', `${host} does not resolve (${codeOf(error)})`, { cause: error });
}

function order(addresses: readonly LookupAddress[], preference: Network['ipPreference']): readonly string[] {
  const first = preference === 'any' ? addresses[0]?.family : preference.startsWith('ipv4') ? 4 : 6;
  const [own, other] = [true, false].map((wanted) =>
    addresses.filter(({ family }) => (family === first) === wanted).map(({ address }) => address),
  );
  if (own === undefined || other === undefined) return [];
  if (preference.endsWith('-only')) return own;
  return Array.from({ length: Math.max(own.length, other.length) }, (_, index) => [own[index], other[index]])
    .flat()
    .filter((address) => address !== undefined);
}
