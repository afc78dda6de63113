import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { StepFailure } from '../step-failure.js';
import type { Opened } from './connect.js';
import { type Answer, BodyBuffer, type Outgoing } from './exchange.js';
import { ConnectionLost, codeOf, headersTooLarge, isLoss, socketFailure, tooLarge } from './failure.js';
import { isForwarded, type Target } from './target.js';

/**
 * One HTTP/1.1 exchange on an open socket. Each time is taken in the first callback that can know it.
 *
 * @param signal does not end the exchange: after it has aborted, data is still received but not kept. To end the
 * exchange, destroy   the socket.
 */
export function exchangeHttp1(
  { socket, endedCleanly }: Opened,
  outgoing: Outgoing,
  target: Target,
  clock: PhaseClock,
  signal: Cancellation,
  onHead: () => void = () => {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { url } = outgoing;
    const bytesBefore = socket.bytesRead;
    let answer: IncomingMessage | undefined;
    let wasCut = true;
    const onEnd = () => {
      wasCut = !endedCleanly();
    };
    socket.once('end', onEnd);
    clock.enter('send');
    const request = httpRequest({
      createConnection: () => socket,
      method: outgoing.method,
      // A plain-HTTP proxy wants the full URL in the request line.
      path: isForwarded(target) ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`,
      headers: { connection: 'keep-alive', ...outgoing.headers, host: url.host },
      maxHeaderSize: target.network.maxHeaderBytes,
    });
    request.once('finish', () => {
      // An answer may arrive before the request body is sent completely.
      if (answer === undefined) clock.enter('wait');
    });
    request.once('error', (error) => {
      socket.destroy();
      if (answer === undefined && isLoss(error)) fail(lost(url.host, error, socket.bytesRead > bytesBefore));
      else fail(brokenAnswer(url.host, error, answer, target));
    });
    request.once('close', () => {
      if (answer === undefined) fail(new StepFailure('protocol', 'the connection ended without an answer'));
    });
    request.once('response', (response) => {
      answer = response;
      onHead();
      clock.enter('receive');
      const unknown = unknownTransferCoding(response);
      if (unknown !== undefined) {
        fail(new StepFailure('protocol', `unknown transfer encoding ${unknown}`));
        socket.destroy();
        return;
      }
      const body = new BodyBuffer(outgoing.maxBodyBytes);
      response.on('data', (chunk: Buffer) => {
        if (signal.aborted) {
          body.drop();
          return;
        }
        if (body.add(chunk)) return;
        fail(tooLarge(outgoing.maxBodyBytes));
        socket.destroy();
      });
      response.once('end', () => {
        if (!response.complete) return;
        const isOpenEnded = endsWithConnection(response, outgoing.method);
        if (isOpenEnded && wasCut) {
          fail(cutOff());
          return;
        }
        clock.stop();
        socket.off('end', onEnd);
        done({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: body.concat(),
          reusable: request.shouldKeepAlive && request.writableFinished,
          ...(isOpenEnded ? { endsWithConnection: true } : {}),
        });
      });
      response.once('close', () => {
        if (!response.complete) fail(cutOff());
      });
      // Reported by `close`; without a listener it would end the process.
      response.on('error', () => {});
    });
    // Otherwise the last part of a long body would wait for an acknowledgement.
    if (outgoing.body !== undefined) request.setNoDelay(true);
    request.end(outgoing.body);
  });
}

function cutOff(): StepFailure {
  return new StepFailure('protocol', 'the connection broke off in the middle of the answer');
}

/** @param wasHeard whether part of an answer's head arrived: then the server had started to answer. */
function lost(where: string, error: unknown, wasHeard: boolean): StepFailure {
  if (wasHeard) {
    return new StepFailure('protocol', `${where}: the connection broke off in the head of the answer`, {
      cause: error,
    });
  }
  return new ConnectionLost('protocol', socketFailure('protocol', where, error).message, { cause: error });
}

function brokenAnswer(
  where: string,
  error: unknown,
  answer: IncomingMessage | undefined,
  { network }: Target,
): StepFailure {
  const code = codeOf(error);
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(network.maxHeaderBytes, error);
  // More bytes than the given length: what was received may be a part of the intended answer.
  if (answer?.complete === true && code.startsWith('HPE_')) {
    return new StepFailure('protocol', `${where}: more bytes came than the answer's length says (${code})`, {
      cause: error,
    });
  }
  return socketFailure('protocol', where, error);
}

/**
 * The first transfer coding that is not supported. The exporter requests none, and an answer that is not decoded is not
 * the intended one. `identity` is not a coding; older servers name it.
 */
function unknownTransferCoding(response: IncomingMessage): string | undefined {
  return transferCodings(response).find((coding) => coding !== 'chunked' && coding !== 'identity');
}

/** Neither a length nor chunks determine its end (RFC 9112, 6.3). */
function endsWithConnection(response: IncomingMessage, method: string): boolean {
  if (method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304) return false;
  return response.headers['content-length'] === undefined && transferCodings(response).at(-1) !== 'chunked';
}

function transferCodings({ headers }: IncomingMessage): string[] {
  const written = headers['transfer-encoding'] ?? '';
  return written
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '');
}
