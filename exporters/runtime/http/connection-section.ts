import type { LandingCell, LandingSection } from '../landing/section.js';
import type { ConnectionLimits } from './connection-limits.js';
import type { InFlight } from './in-flight.js';

type Refused = Pick<InFlight, 'refused'>;

/** How many connections this server has, for the landing page: clients that keep connections open make others wait. */
export function connectionSection(
  { open, bounds, evicted, refused }: Pick<ConnectionLimits, 'open' | 'bounds' | 'evicted' | 'refused'>,
  scrapes: Refused,
  probes: Refused,
): LandingSection {
  return {
    title: 'Connections',
    intro: 'Counts are since this process started. When they grow, the log names the address.',
    table: {
      columns: ['What', 'Count', 'Meaning'],
      rows: [
        ['Open now', String(open), `of ${bounds.total} at the most, ${bounds.perAddress} of one address`],
        [
          'Idle ones ended',
          counted(evicted),
          'to make room for new ones; the one that was idle for longest goes first',
        ],
        ['Refused to one address', counted(refused.address), 'all of its connections had a request under way'],
        ['Refused to everybody', counted(refused.total), 'all connections had a request under way'],
        ['Scrapes refused', counted(scrapes.refused), 'too many were under way'],
        ['Probes refused', counted(probes.refused), 'too many were under way'],
      ],
    },
  };
}

function counted(count: number): LandingCell {
  return { text: String(count), state: count === 0 ? 'good' : 'warning' };
}
