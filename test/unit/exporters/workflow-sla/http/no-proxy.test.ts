import { describe, expect, test } from 'vitest';
import { isInNoProxy } from '../../../../../exporters/runtime/portal/http/no-proxy.js';

/** From Go's golang.org/x/net/http/httpproxy/proxy_test.go (UseProxyTests); all with port 80. */
const written =
  'foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, ' +
  '2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64';

const go: [host: string, usesProxy: boolean][] = [
  ['192.168.1.1', false],
  ['192.168.1.2', true],
  ['192.168.1.3', false],
  ['192.168.1.4', true],
  ['10.0.0.2', false],
  ['2001:db8::52:0:1', false],
  ['2001:db8::52:0:2', true],
  ['2001:db8::52:0:3', false],
  ['2002:db8:a::123', false],
  ['fe80::424b:c8be:1643:a1b6', true],
  ['barbaz.net', true],
  ['www.barbaz.net', false],
  ['foobar.com', false],
  ['www.foobar.com', false],
  ['foofoobar.com', true],
  ['baz.com', true],
  ['localhost.net', true],
  ['local.localhost', true],
  ['barbarbaz.net', true],
  ['wildcard.io', true],
  ['nested.wildcard.io', false],
  ['awildcard.io', true],
];

test.each(go)('%s: as Go reads it', (host, usesProxy) => {
  expect(isInNoProxy(host, 80, written)).toBe(!usesProxy);
});

describe('beyond that', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/', true],
    ['10.1.2.3', '10.0.0.0/x', false],
    ['fd12::1', 'fd00::/8', true],
    ['fd12:0:0:0:0:0:0:1', '[fd12::1]', true],
    ['::ffff:10.0.0.1', '10.0.0.0/8', true],
    ['10.example.com', '10.0.0.0/8', false],
    ['Portal.Kingston.Local', 'kingston.local', true],
    ['portal.kingston.local.', 'kingston.local', true],
    ['anything', '*', true],
    ['anything', '', false],
    ['anything', ' , ,', false],
  ])('%s in %j: %s', (host, entry, is) => {
    expect(isInNoProxy(host, 443, entry)).toBe(is);
  });
});
