import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { StepFailure } from '../step-failure.js';
import { type Answer, BodyBuffer, type Outgoing } from './exchange.js';
import { socketFailure, tooLarge } from './failure.js';

export function startHttp2(socket: Socket, origin: string): ClientHttp2Session {
  const session = connect(origin, { createConnection: () => socket });
  // Each exchange sees the error of its own stream; the session's would end the process.
  session.on('error', () => {});
  return session;
}

/** Headers that HTTP/2 forbids (RFC 9113, 8.2.2) or says with a pseudo-header. */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host']);

/** One exchange on a stream of its own. An abort of the signal ends it as little as it ends that of HTTP/1.1. */
export function exchangeHttp2(
  session: ClientHttp2Session,
  outgoing: Outgoing,
  clock: PhaseClock,
  signal: Cancellation,
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { url } = outgoing;
    let headers: IncomingHttpHeaders = {};
    let status = 0;
    clock.enter('send');
    const stream = session.request(
      {
        [constants.HTTP2_HEADER_METHOD]: outgoing.method,
        [constants.HTTP2_HEADER_PATH]: `${url.pathname}${url.search}`,
        [constants.HTTP2_HEADER_SCHEME]: url.protocol.slice(0, -1),
        [constants.HTTP2_HEADER_AUTHORITY]: url.host,
        ...Object.fromEntries(Object.entries(outgoing.headers).filter(([name]) => !forbidden.has(name))),
      },
      { endStream: outgoing.body === undefined },
    );
    const body = new BodyBuffer(outgoing.maxBodyBytes);
    stream.once('finish', () => {
      // An answer may overtake the end of its request's body.
      if (status === 0) clock.enter('wait');
    });
    stream.once('response', (received) => {
      clock.enter('receive');
      status = received[':status'] ?? 0;
      headers = received;
    });
    stream.on('data', (chunk: Buffer) => {
      if (signal.aborted) {
        body.drop();
        return;
      }
      if (body.add(chunk)) return;
      fail(tooLarge(outgoing.maxBodyBytes));
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once('error', (error) => fail(socketFailure('protocol', url.host, error, status !== 0)));
    stream.once('end', () => {
      // The server may also end a stream by giving it up.
      if (status === 0 || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      clock.stop();
      done({ status, headers, body: body.concat(), reusable: isUsable(session) });
    });
    stream.once('close', () => fail(new StepFailure('protocol', 'the stream was closed before the answer was whole')));
    if (outgoing.body !== undefined) stream.end(outgoing.body);
  });
}

/** False once the server said goodbye, though the socket may still be open. */
export function isUsable(session: ClientHttp2Session): boolean {
  return !session.closed && !session.destroyed;
}
