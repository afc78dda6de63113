import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { StepFailure } from '../step-failure.js';
import { type Answer, BodyBuffer, type Outgoing } from './exchange.js';
import { ConnectionLost, headersTooLarge, isLoss, NotProcessed, socketFailure, tooLarge } from './failure.js';

/** An HTTP/2 connection, and the server's GOAWAY. */
export interface Http2Connection {
  readonly session: ClientHttp2Session;
  readonly maxHeaderBytes: number;
  /** The last stream that the server has processed, after its GOAWAY. */
  readonly lastStream: () => number;
}

export function startHttp2(socket: Socket, origin: string, maxHeaderBytes: number): Http2Connection {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, maxHeaderListSize: maxHeaderBytes },
  });
  // Each exchange handles the error of its own stream; the session's error would end the process.
  session.on('error', () => {});
  let lastStream = Number.POSITIVE_INFINITY;
  session.on('goaway', (_code, last) => {
    lastStream = Math.min(lastStream, last);
  });
  return { session, maxHeaderBytes, lastStream: () => lastStream };
}

/** Headers that HTTP/2 forbids (RFC 9113, 8.2.2) or replaces with a pseudo-header. */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host']);

/** One exchange on its own stream. As with HTTP/1.1, an abort of the signal does not end it. */
export function exchangeHttp2(
  connection: Http2Connection,
  outgoing: Outgoing,
  clock: PhaseClock,
  signal: Cancellation,
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { session } = connection;
    const { url } = outgoing;
    // It was closed in the meantime, so nothing has been sent.
    if (!isUsable(session)) {
      fail(new NotProcessed('protocol', `${url.host}: the server has closed the connection`));
      return;
    }
    let headers: IncomingHttpHeaders = {};
    let status = 0;
    let isWhole = false;
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
    // Node.js ends the readable side also when the server resets the stream with NO_ERROR. Only an end that comes while
    // the stream is open is the END_STREAM of the answer.
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null && !stream.closed) isWhole = true;
      return push(chunk, encoding);
    };
    const failed = (error: unknown) => {
      if (status !== 0) {
        fail(socketFailure('protocol', url.host, error));
        return;
      }
      fail(unanswered(url.host, error, stream.rstCode ?? 0, (stream.id ?? 0) > connection.lastStream(), connection));
    };
    const body = new BodyBuffer(outgoing.maxBodyBytes);
    stream.once('finish', () => {
      // An answer may arrive before the request body is sent completely.
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
    stream.once('error', failed);
    stream.once('end', () => {
      if (status === 0 || !isWhole) return;
      clock.stop();
      done({ status, headers, body: body.concat(), reusable: isUsable(session) });
    });
    stream.once('close', () => {
      if (status !== 0) fail(new StepFailure('protocol', 'the stream was closed before the answer was whole'));
      else failed(new Error('the stream was closed without an answer'));
    });
    if (outgoing.body !== undefined) stream.end(outgoing.body);
  });
}

function unanswered(
  where: string,
  cause: unknown,
  resetCode: number,
  isAboveLast: boolean,
  { session, maxHeaderBytes }: Http2Connection,
): StepFailure {
  if (resetCode === constants.NGHTTP2_REFUSED_STREAM || isAboveLast) {
    return new NotProcessed('protocol', `${where}: the server refused the request without looking at it`, { cause });
  }
  // Node.js resets a stream with this code when its headers pass the limit.
  if (resetCode === constants.NGHTTP2_ENHANCE_YOUR_CALM) return headersTooLarge(maxHeaderBytes, cause);
  const { message } = socketFailure('protocol', where, cause);
  const isGone = isLoss(cause) || (resetCode === constants.NGHTTP2_CANCEL && !isUsable(session));
  return isGone ? new ConnectionLost('protocol', message, { cause }) : new StepFailure('protocol', message, { cause });
}

/** False after the server's GOAWAY, even if the socket is still open. */
export function isUsable(session: ClientHttp2Session): boolean {
  return !session.closed && !session.destroyed;
}
