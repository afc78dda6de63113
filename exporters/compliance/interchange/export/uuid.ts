import { createHash } from 'node:crypto';

/** Drawn once; names of the pack are under it. */
const NAMESPACE = Buffer.from('5f0f8a5c0d7b4e0c9a3ad0b1f6a2c7e4', 'hex');

/** RFC 9562, version 5: the same name always gives the same UUID, so that an export can be made again. */
export function nameUuid(...name: readonly string[]): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(JSON.stringify(name)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
