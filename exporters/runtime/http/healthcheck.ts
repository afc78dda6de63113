import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { formatListenAddress, type ListenAddress } from './listen-address.js';

/** What an exporter said that was asked on this machine whether it is alive; `healthy: false` with the reason. */
export type Health = { readonly healthy: true } | { readonly healthy: false; readonly reason: string };

/**
 * Asks the exporter on this machine whether it answers, as a container's health check does.
 *
 * It needs no copy of the exporter's web configuration: it finds out whether TLS is spoken, and `/-/healthy` wants no
 * password. Of a server that wants a client certificate it learns that it answers, and no more. The certificate is not checked, because nothing is sent that
 * a stranger on this loopback address could use.
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

/** A TLS alert is an answer: the server speaks, and wants a certificate that we have not got. */
const refusal = 'a TLS alert';

type Send = (options: RequestOptions, onAnswer: (answer: IncomingMessage) => void) => ReturnType<typeof httpRequest>;

/** @returns the status, or the code of what went wrong. */
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
