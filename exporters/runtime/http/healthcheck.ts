import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { formatListenAddress, type ListenAddress } from './listen-address.js';

/** The answer of an exporter on this machine to a health check; `healthy: false` with the reason. */
export type Health = { readonly healthy: true } | { readonly healthy: false; readonly reason: string };

/**
 * Checks whether the exporter on this machine answers, as a container's health check does.
 *
 * It needs no copy of the exporter's web configuration: it finds out whether the server uses TLS, and `/-/healthy`
 * requires no password. If the server requires a client certificate, it only finds out that the server answers. The
 * server certificate is not checked, because nothing secret is sent.
 */
export async function askHealth(address: ListenAddress, timeoutMs: number): Promise<Health> {
  const plain = await ask(httpRequest, address, timeoutMs);
  if (typeof plain === 'number') return verdict(plain);
  const secure = await ask(httpsRequest, address, timeoutMs);
  if (typeof secure === 'number') return verdict(secure);
  if (secure === refusal) return { healthy: true };
  const reason = plain === secure ? plain : `${plain}, and with TLS ${secure}`;
  return { healthy: false, reason: `no answer from ${formatListenAddress(local(address))}: ${reason}` };
}

function verdict(status: number): Health {
  return status === 200 ? { healthy: true } : { healthy: false, reason: `/-/healthy answers with status ${status}` };
}

/** A TLS alert is an answer: the server works, and requires a certificate that this command does not have. */
const refusal = 'a TLS alert';

type Send = (options: RequestOptions, onAnswer: (answer: IncomingMessage) => void) => ReturnType<typeof httpRequest>;

/** @returns the status, or the code of the error. */
function ask(send: Send, address: ListenAddress, timeoutMs: number): Promise<number | string> {
  const { host, port } = local(address);
  return new Promise((resolve) => {
    const options = { host, port, path: '/-/healthy', agent: false, timeout: timeoutMs, rejectUnauthorized: false };
    const outgoing = send(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    outgoing.on('error', (error) => resolve(describe(error)));
    outgoing.end();
  });
}

function describe(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.message;
  return /(^|[\W_])alert([\W_]|$)/i.test(`${code} ${error.message}`) ? refusal : code;
}

/** Every interface includes loopback. */
function local({ host, port }: ListenAddress): Required<ListenAddress> {
  if (host === undefined || host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
