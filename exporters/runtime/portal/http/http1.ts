import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { StepFailure } from '../step-failure.js';
import { type Answer, BodyBuffer, type Outgoing } from './exchange.js';
import { socketFailure, tooLarge } from './failure.js';

/**
 * One HTTP/1.1 exchange on an open socket. Each time is taken in the first callback that can know it.
 *
 * @param signal ends no exchange: once it has aborted, what still comes is received and not kept. Whoever wants an end
 *   destroys the socket.
 * @param absoluteForm the full URL goes in the request line, as a plain-HTTP proxy expects.
 */
export function exchangeHttp1(
  socket: Socket,
  outgoing: Outgoing,
  absoluteForm: boolean,
  clock: PhaseClock,
  signal: Cancellation,
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { url } = outgoing;
    let answerBegan = false;
    clock.enter('send');
    const request = httpRequest({
      createConnection: () => socket,
      method: outgoing.method,
      path: absoluteForm ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`,
      headers: { connection: 'keep-alive', ...outgoing.headers, host: url.host },
    });
    request.once('finish', () => {
      // An answer may overtake the end of its request's body.
      if (!answerBegan) clock.enter('wait');
    });
    request.once('error', (error) => {
      socket.destroy();
      fail(socketFailure('protocol', url.host, error, answerBegan));
    });
    request.once('close', () => {
      if (!answerBegan) fail(new StepFailure('protocol', 'the connection ended without an answer'));
    });
    request.once('response', (response) => {
      answerBegan = true;
      clock.enter('receive');
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
        clock.stop();
        done({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: body.concat(),
          reusable: request.shouldKeepAlive,
        });
      });
      response.once('close', () => {
        if (!response.complete)
          fail(new StepFailure('protocol', 'the connection broke off in the middle of the answer'));
      });
      // Reported by `close`; without a listener it would end the process.
      response.on('error', () => {});
    });
    // Without it the last piece of a long body would wait for an acknowledgement.
    if (outgoing.body !== undefined) request.setNoDelay(true);
    request.end(outgoing.body);
  });
}
