import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * Whether the other side ended a connection on purpose, or it was cut. Called in the `end` event of the socket. It
 * matters for an answer without a length, which is complete only if its connection was ended on purpose.
 */
export type EndedCleanly = () => boolean;

/**
 * Data and a reset that arrive together look like data and an end: libuv then reports no error. But a connection that
 * was reset has no peer any more. Nobody may have asked for the address before, because Node.js remembers it.
 */
export function plainEnding(socket: Socket): EndedCleanly {
  return () => socket.remoteAddress !== undefined;
}

/**
 * TLS says with `close_notify` that all has been sent; without it somebody may have cut the connection (RFC 9112, 9.8).
 * Node.js reports both in the same way, so this looks at what came just before the end: `close_notify` is a record of
 * its own, and a bare end of the connection is not.
 *
 * @param raw what carries the records.
 */
export function tlsEnding(secure: TLSSocket, raw: Socket): EndedCleanly {
  let isJustAfterData = false;
  let bytesAtData = raw.bytesRead;
  let wasNotified = false;
  const push = secure.push.bind(secure);
  secure.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null) {
      // In the turn of the loop that brought data an end can only have come with them, as a record.
      wasNotified = isJustAfterData || isAlert(raw.bytesRead - bytesAtData);
    } else {
      isJustAfterData = true;
      bytesAtData = raw.bytesRead;
      setImmediate(() => {
        isJustAfterData = false;
      });
    }
    return push(chunk, encoding);
  };
  return () => wasNotified && raw.remoteAddress !== undefined;
}

/**
 * Lengths of an alert's record: two bytes, encrypted, behind a header of five. Anything else between the last data and
 * the end is a record that was cut.
 */
const alertBytes = new Set([
  ...[16, 24], // TLS 1.3: an authentication tag of 8 or 16 bytes, and the type
  ...[23, 31], // TLS 1.2: ChaCha20 and CCM_8; GCM and CCM
  ...[57, 69, 85], // TLS 1.2: CBC with SHA-1, SHA-256 and SHA-384
]);

function isAlert(bytes: number): boolean {
  return alertBytes.has(bytes);
}
