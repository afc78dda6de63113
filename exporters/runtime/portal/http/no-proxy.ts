import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * Whether NO_PROXY names this host, as in Go: `*`, names with their subdomains (with a leading dot only the
 * subdomains), addresses, ranges such as `10.0.0.0/8` and `fd00::/8`, each with a port or without.
 */
export function isInNoProxy(host: string, port: number, written: string): boolean {
  return written
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && fits(entry, host.toLowerCase().replace(/\.$/, ''), port));
}

function fits(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const { name, port: only } = split(entry);
  if (only !== undefined && only !== port) return false;
  if (isIP(host) === 0) return isName(name, host);
  return isAddress(name, host);
}

/** `[::1]:8080`, `::1`, `10.0.0.1:80`, `host:80`. */
function split(entry: string): { name: string; port: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  const colon = bracketed ?? (isIP(entry) === 0 && !entry.includes('/') ? /^([^:]*):(\d+)$/.exec(entry) : null);
  if (colon === null) return { name: entry, port: undefined };
  return { name: colon[1] ?? '', port: colon[2] === undefined ? undefined : Number(colon[2]) };
}

function isName(entry: string, host: string): boolean {
  // A URL contains international names in ASCII, people write them otherwise. Other texts stay unchanged.
  const written = entry.replace(/^\*/, '').replace(/\.$/, '');
  const bare = written.replace(/^\./, '');
  const name = domainToASCII(bare) || bare;
  if (name === '') return false;
  return host.endsWith(`.${name}`) || (host === name && !written.startsWith('.'));
}

/** Different spellings of an address are the same address, and so is IPv4 inside IPv6. */
function isAddress(entry: string, host: string): boolean {
  const [network = '', bits] = entry.split('/');
  const family = isIP(network);
  if (family === 0) return false;
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  // A slash without a number is a mistake, and not a range of all addresses.
  if (bits !== undefined && (!/^\d+$/.test(bits) || prefix > most)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
