import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isInNoProxy } from '../../../../../exporters/runtime/portal/http/no-proxy.js';
import { proxyOf } from '../../../../../exporters/runtime/portal/http/proxy.js';

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toLowerCase(), '');
  }
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
});

/**
 * Hosts and verdicts of UseProxyTests, and the value of `noProxy`, in http/httpproxy/proxy_test.go of
 * golang.org/x/net v0.62.0; all with port 80, as there. One rule of Go is not ours: it never uses a proxy for
 * `localhost` and loopback addresses (its first four rows). curl does, and so do we: whoever does not want that names
 * them in NO_PROXY.
 */
const written =
  'foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, ' +
  '2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64';

const go: [host: string, usesProxy: boolean][] = [
  ['::2', true],
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
  vi.stubEnv('HTTP_PROXY', 'http://proxy.test');
  vi.stubEnv('NO_PROXY', written);
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}/`);
  expect(proxyOf(url) !== undefined).toBe(usesProxy);
});

test.each(go)('%s: * stands for everything, as in TestAllNoProxy', (host) => {
  expect(isInNoProxy(host, 80, '*')).toBe(true);
});

/** Those of proxyForURLTests in the same file that have a NO_PROXY, and TestInvalidNoProxy. */
const urls: [noProxy: string, url: string, usesProxy: boolean][] = [
  ['example.com', 'http://example.com/', false],
  ['.example.com', 'http://example.com/', true],
  ['ample.com', 'http://example.com/', true],
  ['example.com', 'http://foo.example.com/', false],
  ['.foo.com', 'http://example.com/', true],
  ['.示例.com', 'http://www.示例.com', false],
  ['xn--fsq092h.com', 'http://www.示例.com', false],
  ['示例.com', 'http://www.xn--fsq092h.com', false],
  [':1', 'http://example.com:80', true],
];

test.each(urls)('NO_PROXY=%s and %s: as Go reads it', (noProxy, url, usesProxy) => {
  vi.stubEnv('HTTP_PROXY', 'http://proxy.test');
  vi.stubEnv('NO_PROXY', noProxy);
  expect(proxyOf(new URL(url)) !== undefined).toBe(usesProxy);
});

describe('beyond that', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.3', '10.1.2.3/', false],
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
