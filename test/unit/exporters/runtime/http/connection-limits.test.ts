import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionLimits } from '../../../../../exporters/runtime/http/connection-limits.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';

/** A socket that is connected to nobody, with the address that a test gives it. */
class Client extends Socket {
  override readonly remoteAddress: string;
  override readonly remotePort: number;
  constructor(address: string, port: number) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
  }
}

let port = 0;
const from = (address: string) => new Client(address, ++port);
const limits = (total: number, perAddress: number) => {
  let now = 0;
  return new ConnectionLimits(silentLogger, { total, perAddress }, () => ++now);
};

test('one address has its bound, and its longest idle connection goes', () => {
  const bounds = limits(10, 2);
  const [first, second, third] = [from('10.0.0.1'), from('10.0.0.1'), from('::ffff:10.0.0.1')];
  bounds.admit(first);
  bounds.admit(second);
  bounds.beginRequest(first)?.();
  expect(bounds.admit(third)).toBe(true);
  expect([first.destroyed, second.destroyed]).toEqual([false, true]);
  expect(bounds.evicted).toBe(1);
});

test('what is under way is never ended: then the new one is refused and counted', () => {
  const bounds = limits(10, 1);
  const busy = from('10.0.0.1');
  bounds.admit(busy);
  const end = bounds.beginRequest(busy);
  const late = from('10.0.0.1');
  expect(bounds.admit(late)).toBe(false);
  expect([busy.destroyed, late.destroyed]).toEqual([false, true]);
  expect(bounds.refused).toEqual({ address: 1, total: 0, pipelining: 0 });
  end?.();
  expect(bounds.admit(from('10.0.0.1'))).toBe(true);
});

test('a request before the answer to the last one closes the connection, which is counted', () => {
  const bounds = limits(10, 10);
  const client = from('10.0.0.1');
  bounds.admit(client);
  const end = bounds.beginRequest(client);
  end?.();
  expect(bounds.beginRequest(client)).toBeDefined();
  expect(bounds.beginRequest(client)).toBeUndefined();
  expect(client.destroyed).toBe(true);
  expect(bounds.refused).toEqual({ address: 0, total: 0, pipelining: 1 });
});

test('one that has asked nothing yet stays to be told, and no more of them than there are places', () => {
  const bounds = limits(2, 1);
  const [fresh, second, third, fourth] = [1, 2, 3, 4].map(() => from('10.0.0.1'));
  for (const socket of [fresh, second, third, fourth]) if (socket !== undefined) bounds.admit(socket, true);
  expect([fresh, second, third, fourth].map((socket) => socket && bounds.isTurnedAway(socket))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([fresh, second, third, fourth].map((socket) => socket?.destroyed)).toEqual([false, false, true, false]);
  fresh?.emit('close');
  expect(bounds.open).toBe(1);
});

test('a full house takes from who holds most, so that a single connection of Prometheus stays', () => {
  const bounds = limits(4, 3);
  const prometheus = from('10.0.0.9');
  bounds.admit(prometheus);
  const flood = [1, 2, 3].map(() => from('10.0.0.1'));
  for (const socket of flood) bounds.admit(socket);
  expect(bounds.admit(from('10.0.0.2'))).toBe(true);
  expect(prometheus.destroyed).toBe(false);
  expect(flood.map((socket) => socket.destroyed)).toEqual([true, false, false]);
});

test('all addresses of one IPv6 network count as one', () => {
  const bounds = limits(10, 2);
  const sockets = ['2001:db8:1:2::1', '2001:db8:1:2:aaaa::2', '2001:db8:1:2:ffff:1:2:3', '2001:db8:1:3::1'].map(from);
  for (const socket of sockets) bounds.admit(socket);
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true, false, false, false]);
});
