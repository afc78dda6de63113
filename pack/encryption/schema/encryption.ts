import type { z } from 'zod';
import { count, expected, list, name, named, oneOf, section, text } from '../../reading/schema/say.js';
import { days, duration, interval, size, timeout } from '../../reading/schema/units.js';
import { sensitivities } from '../model.js';
import { provider } from './providers.js';
import { scan, timing } from './scan.js';
import { keyTable } from './tables.js';

const probe = section({
  interval: interval().prefault('15s').describe('Time between two rounds of the probe. Default 15s.'),
  timeout: timeout().prefault('5s').describe('Longest time that one operation may take. Default 5s.'),
  samples: count(1, 1000)
    .prefault(20)
    .describe('Operations for each size and round: a single one says nothing about the tail latency. Default 20.'),
  sizes: list(
    size().refine((bytes) => bytes <= 16 * 1024 ** 2, { error: expected('a size of at most 16MiB') }),
    'sizes such as 256B',
  )
    .min(1, { error: expected('at least one size') })
    .prefault(['16B', '256B', '4KiB', '64KiB'])
    .describe('Sizes of the canary. Default 16B, 256B, 4KiB and 64KiB.'),
});

const key = section({
  title: text().exactOptional().describe('Name for people. Default: its name.'),
  sensitivity: oneOf(sensitivities).describe(
    'Sensitivity of the data that it protects; decides how often the key must be rotated.',
  ),
  rotateEvery: days(3660)
    .exactOptional()
    .describe('Longest time between rotations. Default: 15d, 30d, 90d or 180d, by sensitivity.'),
  provider: name().exactOptional().describe('Provider of kind transit that lists its versions.'),
  providerKey: text()
    .exactOptional()
    .describe(
      'Name of the key at that provider: the key that encrypts real data, not the canary key. Its metadata is read; the key is never used.',
    ),
  table: keyTable.exactOptional().describe('Table in which rotations are recorded.'),
})
  .refine((given) => (given.provider === undefined) !== (given.table === undefined), {
    error: 'holds neither or both of provider: and table:',
  })
  .refine((given) => (given.provider === undefined) === (given.providerKey === undefined), {
    error: 'holds only one of provider: and providerKey:',
  });

export const encryptionSchema = section({
  title: text().describe('Name for people.'),
  portal: name().describe('Portal whose encryption this is.'),
  team: name().describe('Team that is responsible for it.'),
  sla: duration().prefault('10ms').describe('Promised duration of one encryption or decryption. Default 10ms.'),
  objective: name().describe('Objective whose share of operations must keep the promise.'),
  probe: probe.prefault({}).describe('How operations are timed.'),
  providers: named(provider, 'providers')
    .prefault({})
    .describe('What encrypts. Use canary keys: the probe needs no permission to decrypt real data.'),
  keys: named(key, 'keys').prefault({}).describe('Keys whose rotation is watched.'),
  scan: scan.exactOptional().describe('Reads ciphertext columns to find out what they hold.'),
  timings: named(timing, 'records of timings')
    .prefault({})
    .describe('Tables in which the portal records its own timings: a second source.'),
});

export type ParsedEncryption = z.output<typeof encryptionSchema>;
