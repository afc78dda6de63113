import type { z } from 'zod';
import { section, text } from '../../reading/schema/say.js';

export const team = section({
  title: text().describe('Name for people.'),
  contact: text().exactOptional().describe('Where the team is reached: an address or a channel.'),
});

export type ParsedTeam = z.output<typeof team>;
