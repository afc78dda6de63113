import { createSocket } from 'node:dgram';
import { isIPv6, connect as netConnect } from 'node:net';
import { OurFault } from '../step-failure.js';
import { codeOf, ourFaultOf } from './failure.js';
import { type NameServers, ourNameServers } from './name-servers.js';

/** The failure to connect to an address to which the system itself knows no way. */
export class NoWay extends OurFault {}

/**
 * The fault of this machine behind a failure to resolve a name or to connect, if there is one; undefined where the other
 * side, or the way to it, has failed. Whatever opens connections asks here, so that one rule holds.
 *
 * @param error of the system; also what Node.js makes of several addresses that failed.
 * @param where begins the sentence.
 */
export async function machineFault(
  error: unknown,
  where: string,
  nameServers: NameServers = ourNameServers,
): Promise<OurFault | undefined> {
  if (error instanceof AggregateError && error.errors.length > 0)
    return faultOfAll(await Promise.all(error.errors.map((one) => machineFault(one, where, nameServers))));
  if (await isRefusedHere(error))
    return new NoWay('network', `${where}: this machine knows no way there (${codeOf(error)})`, { cause: error });
  const fault = ourFaultOf(error, where);
  const code = codeOf(error);
  if (fault !== undefined || !code.startsWith('EAI_')) return fault;
  if (leftOpen.has(code) && (await nameServers.work(hostOf(error)))) return undefined;
  return silentServers(where, code, error);
}

/**
 * Whose it is that no address of several was reached. Nobody can say that the other side is not there while we could not
 * try one of its addresses. One to which this machine knows no way, such as an IPv6 address without IPv6, is none for
 * us: where another one refuses, the other side has refused.
 */
export function faultOfAll(faults: readonly (OurFault | undefined)[]): OurFault | undefined {
  const tried = faults.filter((fault) => !(fault instanceof NoWay));
  return tried.length === 0 ? faults[0] : tried.find((fault) => fault !== undefined);
}

/** @param code undefined where the look-up has not ended. */
export function silentServers(where: string, code: string | undefined, cause: unknown): OurFault {
  const said = code === undefined ? '' : ` (${code})`;
  const message = `${where}: no name server of this machine answers${said}; see /etc/resolv.conf`;
  return new OurFault('network', message, { cause });
}

/** The name servers gave no answer that could be used. Other codes of its kind say that the resolver did not work. */
const leftOpen: ReadonlySet<string> = new Set(['EAI_AGAIN', 'EAI_FAIL']);

/** Nothing was sent: the system has no sockets of this family, or forbids this one. */
const alwaysHere: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EPERM']);
/** The system has no way there, or heard of a router that there is none. */
const perhapsHere: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN']);

async function isRefusedHere(error: unknown): Promise<boolean> {
  const code = codeOf(error);
  const { syscall, address, port } = placeOf(error);
  if (syscall !== 'connect' && syscall !== 'bind') return false;
  if (alwaysHere.has(code)) return true;
  // With IPv6 a firewall on the way may say so, too (RFC 4443, 3.1); with IPv4 it cannot.
  if (code === 'EACCES') return !isIPv6(address) || (await isForbiddenHere(address, port));
  return perhapsHere.has(code) && address !== '' && !(await hasRoute(address));
}

/** Whether the system knows a way there. To connect a UDP socket asks its routes, and sends nothing. */
function hasRoute(address: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (isThere: boolean) => {
      socket.close();
      done(isThere);
    };
    // Without a file descriptor nothing can be asked, and the error that led here is told as it is.
    socket.once('error', (error) => end(codeOf(error) !== 'EAFNOSUPPORT'));
    socket.connect(DISCARD_PORT, address, (error?: Error) => end(error === undefined || error === null));
  });
}

const DISCARD_PORT = 9;

/** What the system forbids fails at once. What a firewall forbids has to come back first. */
function isForbiddenHere(address: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = netConnect({ host: address, port });
    socket.once('error', (error) => done(codeOf(error) === 'EACCES'));
    setImmediate(() => {
      socket.destroy();
      done(false);
    });
  });
}

function placeOf(error: unknown): { readonly syscall: string; readonly address: string; readonly port: number } {
  const { syscall, address, port }: Readonly<Record<string, unknown>> = error instanceof Error ? { ...error } : {};
  return {
    syscall: typeof syscall === 'string' ? syscall : '',
    address: typeof address === 'string' ? address : '',
    port: typeof port === 'number' ? port : 0,
  };
}

function hostOf(error: unknown): string {
  return error instanceof Error && 'hostname' in error && typeof error.hostname === 'string' ? error.hostname : '';
}
