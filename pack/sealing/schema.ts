import { z } from 'zod';
import { url } from '../reading/schema/patterns.js';
import { count, expected, list, name, section, text } from '../reading/schema/say.js';
import { days, duration, interval, timeout } from '../reading/schema/units.js';

const anchorName = () => name().describe('Name of the anchor, a label of its metrics.');

const directoryAnchor = section({
  kind: z.literal('directory').describe('A second folder, on another disk or machine.'),
  name: anchorName(),
  directory: text().describe('Folder for the checkpoints.'),
});

const s3Anchor = section({
  kind: z.literal('s3').describe('An S3-compatible bucket with object lock.'),
  name: anchorName(),
  endpoint: url('bare', 'https://s3.example.com')
    .exactOptional()
    .describe('Scheme, host and port of the service. Default: that of AWS in the region.'),
  region: text().prefault('us-east-1').describe('Region. Default us-east-1.'),
  bucket: text().describe('Bucket, with object lock switched on.'),
  prefix: z
    .string({ error: expected('a text') })
    .prefault('')
    .describe('What every key begins with.'),
  accessKeyId: text().describe('Access key id; may be a reference.'),
  secretAccessKey: text().describe(`Secret access key, as a reference such as \${file:s3-secret}.`),
  retain: days(36_600).prefault('7y').describe('How long the bucket refuses to delete a checkpoint. Default 7y.'),
});

const httpAnchor = section({
  kind: z.literal('http').describe('A witness that takes checkpoints by POST.'),
  name: anchorName(),
  url: url('full', 'https://witness.example.com/checkpoints').describe('Where checkpoints are sent.'),
  token: text().exactOptional().describe('Bearer token, as a reference.'),
  timeout: timeout().prefault('10s').describe('Longest wait for its answer. Default 10s.'),
});

const kinds = ['directory', 's3', 'http'].join(', ');

const anchor = z.discriminatedUnion('kind', [directoryAnchor, s3Anchor, httpAnchor], {
  error: (issue) => expected(issue.code === 'invalid_union' ? `one of ${kinds}` : `a map with a kind: of ${kinds}`),
});

const originForm = 'an origin without blanks and plus signs, such as kingston.example/audit';

export const seal = section({
  origin: text()
    .regex(/^[^\s+]+$/, { error: expected(originForm) })
    .describe('First line of every checkpoint, and name of its key: what a verifier knows the trail by.'),
  key: text().describe(`Ed25519 private key, PKCS#8 PEM, as a reference such as \${file:seal-key.pem}.`),
  directory: text().describe('Folder for checkpoints, on a disk that the database does not write.'),
  interval: interval()
    .prefault('60s')
    .describe('Time between two checkpoints; a quiet interval is sealed too. Default 60s.'),
  maxRowsPerChunk: count(100, 1_000_000)
    .prefault(10_000)
    .describe('Most records under one chunk root, which localises damage. Default 10000.'),
  verifyWithin: duration().prefault('7d').describe('Longest time between two verifications of a record. Default 7d.'),
  anchors: list(anchor, 'anchors').prefault([]).describe('Places that keep a copy of each checkpoint.'),
});

export type ParsedSeal = z.output<typeof seal>;
