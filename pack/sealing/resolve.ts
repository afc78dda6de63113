import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import type { Anchor, Seal } from './model.js';
import type { ParsedSeal } from './schema.js';

/** @param path of the block, to which references to files are relative. */
export function resolveSeal(seal: ParsedSeal, path: KeyPath, places: Places): Seal {
  return {
    origin: seal.origin,
    key: places.secret([...path, 'key'], seal.key),
    directory: places.file([...path, 'directory'], seal.directory),
    intervalMs: seal.interval,
    maxRowsPerChunk: seal.maxRowsPerChunk,
    verifyWithinMs: seal.verifyWithin,
    anchors: seal.anchors.map((anchor, index) => resolveAnchor(anchor, [...path, 'anchors', index], places)),
  };
}

function resolveAnchor(anchor: ParsedSeal['anchors'][number], path: KeyPath, places: Places): Anchor {
  switch (anchor.kind) {
    case 'directory':
      return { ...anchor, directory: places.file([...path, 'directory'], anchor.directory) };
    case 's3': {
      const { accessKeyId, secretAccessKey, retain, ...rest } = anchor;
      return {
        ...rest,
        accessKeyId: places.secret([...path, 'accessKeyId'], accessKeyId),
        secretAccessKey: places.secret([...path, 'secretAccessKey'], secretAccessKey),
        retainDays: retain,
      };
    }
    case 'http': {
      const { token, timeout, ...rest } = anchor;
      return {
        ...rest,
        ...(token === undefined ? {} : { token: places.secret([...path, 'token'], token) }),
        timeoutMs: timeout,
      };
    }
  }
}
