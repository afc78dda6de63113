import type { Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { serve, type TestServer } from './server.js';

/** Frames of RFC 9113, written by hand, because no server library sends the wrong ones. */
export const frame = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

const uint32 = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
};

/** A literal header field that is not indexed (RFC 7541, 6.2.2), for texts below 127 bytes. */
const field = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

const END_STREAM = 0x1;
const END_HEADERS = 0x4;
/** `:status 200` in the static table. */
const status200 = Buffer.from([0x88]);

export const http2Frames = {
  data: (stream: number, text: string, last = false) => frame(0, last ? END_STREAM : 0, stream, Buffer.from(text)),
  headers: (stream: number, fields: Record<string, string> = {}, last = false) =>
    frame(1, END_HEADERS | (last ? END_STREAM : 0), stream, Buffer.concat([status200, fieldsOf(fields)])),
  trailers: (stream: number, fields: Record<string, string>) =>
    frame(1, END_HEADERS | END_STREAM, stream, fieldsOf(fields)),
  /** Trailers whose END_HEADERS never comes. */
  halfTrailers: (stream: number, fields: Record<string, string>) => frame(1, END_STREAM, stream, fieldsOf(fields)),
  reset: (stream: number, code: number) => frame(3, 0, stream, uint32(code)),
  settings: () => frame(4, 0, 0),
  goaway: (lastStream: number, code: number) => frame(7, 0, 0, uint32(lastStream, code)),
} as const;

function fieldsOf(fields: Record<string, string>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([name, value]) => field(name, value)));
}

const PREFACE_BYTES = 24;

/** Speaks HTTP/2 up to the request, and then does whatever one likes with the stream. */
export function rawHttp2Server(
  tls: TlsOptions,
  onRequest: (socket: TLSSocket, stream: number, carrier: Socket | undefined) => void,
): Promise<TestServer> {
  let carrier: Socket | undefined;
  const server = createServer({ ...tls, ALPNProtocols: ['h2'] }, (socket) => {
    const own = carrier;
    socket.on('error', () => {});
    socket.write(http2Frames.settings());
    let read = Buffer.alloc(0);
    let skipped = 0;
    socket.on('data', (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      if (skipped === 0 && read.length >= PREFACE_BYTES) {
        skipped = PREFACE_BYTES;
        read = read.subarray(PREFACE_BYTES);
      }
      while (skipped > 0 && read.length >= 9) {
        const length = 9 + read.readUIntBE(0, 3);
        if (read.length < length) return;
        const [type, flags, stream] = [read.readUInt8(3), read.readUInt8(4), read.readUInt32BE(5)];
        read = read.subarray(length);
        if (type === 4 && flags === 0) socket.write(frame(4, 1, 0));
        if ((type === 0 || type === 1) && (flags & END_STREAM) !== 0) onRequest(socket, stream, own);
      }
    });
  });
  server.on('connection', (socket: Socket) => {
    carrier = socket;
  });
  return serve(server, 'https');
}
