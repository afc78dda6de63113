import { describe, expect, it } from 'vitest';
import {
  formatListenAddress,
  InvalidListenAddress,
  parseListenAddress,
  urlOf,
} from '../../../../exporters/runtime/http/listen-address.js';
import { InvalidShard, parseShard, wholeShard } from '../../../../exporters/runtime/shard.js';

describe('shards', () => {
  const names = Array.from({ length: 2000 }, (_, index) => `workflow-${index}`);

  it.each([1, 2, 3, 4, 7])('of %d share all names, each once and about evenly', (count) => {
    const shards = Array.from({ length: count }, (_, index) => parseShard(`${index + 1}/${count}`));
    const shares = shards.map((shard) => names.filter((name) => shard.owns(name)).length);
    expect(names.every((name) => shards.filter((shard) => shard.owns(name)).length === 1)).toBe(true);
    for (const share of shares)
      expect(Math.abs(share - names.length / count)).toBeLessThan((names.length / count) * 0.25);
  });

  it('stay the same from version to version', () => {
    const second = parseShard('2/4');
    expect(['login', 'client-list', 'search', 'bulk-read', 'navigation'].filter(second.owns)).toMatchInlineSnapshot(`
      [
        "login",
        "bulk-read",
        "navigation",
      ]
    `);
    expect(wholeShard.owns('anything')).toBe(true);
  });

  it.each(['', '2', '0/4', '5/4', '1/0', '-1/4', '1.5/4', '1/4/2', 'a/b', ' 1/4'])('do not include %j', (text) => {
    expect(() => parseShard(text)).toThrow(InvalidShard);
  });
});

describe('a listen address', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }, 'http://127.0.0.1:9464/'],
    ['localhost:0', { host: 'localhost', port: 0 }, 'http://localhost:0/'],
    [':9464', { port: 9464 }, 'http://localhost:9464/'],
    ['[::1]:9464', { host: '::1', port: 9464 }, 'http://[::1]:9464/'],
  ])('%s is understood', (text, address, url) => {
    expect(parseListenAddress(text)).toEqual(address);
    expect(formatListenAddress(address)).toBe(text);
    expect(urlOf(address, false)).toBe(url);
  });

  it.each(['', '9464', 'host', 'host:', 'host:x', 'host:70000', '::1:9464', '[::1]', 'http://host:1', 'a b:1'])(
    '%j is none',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(InvalidListenAddress);
    },
  );
});
