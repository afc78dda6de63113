import { getProxyForUrl } from 'proxy-from-env';
import { OurFault } from '../step-failure.js';
import { isInNoProxy } from './no-proxy.js';

/**
 * The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name for a URL, or undefined.
 *
 * @throws {OurFault} `proxy`, never quoting the variable, which may hold a password.
 */
export function proxyOf(url: URL): URL | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  // The library supports neither ranges nor IPv6 in NO_PROXY.
  if (isInNoProxy(host, port, process.env.no_proxy || process.env.NO_PROXY || '')) return undefined;
  const written = getProxyForUrl(url.href);
  if (written === '') return undefined;
  if (!URL.canParse(written)) throw new OurFault('proxy', 'the proxy that the environment names is no URL');
  const proxy = new URL(written);
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw new OurFault('proxy', `cannot use a proxy of kind ${proxy.protocol}; only http and https proxies`);
  }
  return proxy;
}

export function proxyPort({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const credentials = `${unescaped(proxy.username)}:${unescaped(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** People write a bare % in a password, for which `decodeURIComponent` throws. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
