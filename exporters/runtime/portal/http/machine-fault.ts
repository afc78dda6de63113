import { createSocket } from 'node:dgram';
import { isIPv6, connect as netConnect } from 'node:net';
import { OurFault } from '../step-failure.js';
import { codeOf, ourFaultOf } from './failure.js';
import { type NameServers, ourNameServers } from './name-servers.js';

/** The failure to connect to an address to which the system has no route. */
export class NoWay extends OurFault {}

/**
 * The fault of this machine behind a failure to resolve a name or to connect, if there is one; undefined if the other
 * side, or the network path to it, has failed. Everything that opens connections uses this, so that one rule applies.
 *
 * @param error of the system, or the combined error of Node.js for several addresses.
 * @param where begins the message.
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
 * Whose fault it is that none of several addresses was reached. It is unknown whether the other side works if one of
 * its addresses could not be tried. An address to which this machine has no route, such as an IPv6 address without
 * IPv6, is ignored: if another one refuses, the other side has refused.
 */
export function faultOfAll(faults: readonly (OurFault | undefined)[]): OurFault | undefined {
  const tried = faults.filter((fault) => !(fault instanceof NoWay));
  return tried.length === 0 ? faults[0] : tried.find((fault) => fault !== undefined);
}

/** @param code undefined if the look-up has not ended. */
export function silentServers(where: string, code: string | undefined, cause: unknown): OurFault {
  const said = code === undefined ? '' : ` (${code})`;
  const message = `${where}: no name server of this machine answers${said}; see /etc/resolv.conf`;
  return new OurFault('network', message, { cause });
}

/** The name servers gave no usable answer. Other codes of this kind mean that the resolver did not work. */
const leftOpen: ReadonlySet<string> = new Set(['EAI_AGAIN', 'EAI_FAIL']);

/** Nothing was sent: the system has no sockets of this family, or forbids this one. */
const alwaysHere: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EPERM']);
/** The system has no route, or a router reported that there is none. */
const perhapsHere: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN']);

async function isRefusedHere(error: unknown): Promise<boolean> {
  const code = codeOf(error);
  const { syscall, address, port } = placeOf(error);
  if (syscall !== 'connect' && syscall !== 'bind') return false;
  if (alwaysHere.has(code)) return true;
  // With IPv6 a firewall on the path may also report this (RFC 4443, 3.1); with IPv4 it cannot.
  if (code === 'EACCES') return !isIPv6(address) || (await isForbiddenHere(address, port));
  return perhapsHere.has(code) && address !== '' && !(await hasRoute(address));
}

/** Whether the system has a route. Connecting a UDP socket checks the routes and sends nothing. */
function hasRoute(address: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (isThere: boolean) => {
      socket.close();
      done(isThere);
    };
    // Without a file descriptor this cannot be checked, and the original error is reported.
    socket.once('error', (error) => end(codeOf(error) !== 'EAFNOSUPPORT'));
    socket.connect(DISCARD_PORT, address, (error?: Error) => end(error === undefined || error === null));
  });
}

const DISCARD_PORT = 9;

/** A connection that the system forbids fails at once; the refusal of a firewall takes a round trip. */
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
