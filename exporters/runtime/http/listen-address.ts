export interface ListenAddress {
  /** Undefined listens on every interface, IPv6 and IPv4. */
  readonly host?: string;
  readonly port: number;
}

export class InvalidListenAddress extends Error {
  override readonly name = 'InvalidListenAddress';
}

/** Loopback: access from other hosts must be configured explicitly, and should use TLS. */
export const defaultListenAddress = '127.0.0.1:9464';

/** `127.0.0.1:9464`, `localhost:9464`, `:9464` or `[::1]:9464`. @throws {InvalidListenAddress} */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^[\]:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new InvalidListenAddress(
      `'${text}' is no listen address; expected host:port, :port or [::1]:port, such as ${defaultListenAddress}`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  return host === '' ? { port } : { host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host === undefined ? '' : host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What to open in a browser on this machine. */
export function urlOf(address: ListenAddress, isEncrypted: boolean): string {
  const place = address.host === undefined ? { ...address, host: 'localhost' } : address;
  return `${isEncrypted ? 'https' : 'http'}://${formatListenAddress(place)}/`;
}
