import type { Anchor } from '../../../../pack/sealing/model.js';
import type { AnchorTarget } from './anchor.js';
import { DirectoryAnchor } from './directory.js';
import { HttpAnchor } from './http.js';
import { S3Anchor } from './s3.js';

export function anchorTarget(anchor: Anchor, origin: string): AnchorTarget {
  switch (anchor.kind) {
    case 'directory':
      return new DirectoryAnchor(anchor, origin);
    case 's3':
      return new S3Anchor(anchor, origin);
    case 'http':
      return new HttpAnchor(anchor);
  }
}
