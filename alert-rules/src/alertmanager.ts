import type { Pack, Severity } from '../../pack/index.js';
import { ruleDomains } from './domains.js';
import { operatingTeam, packLabel } from './policy.js';
import { yamlText } from './yaml.js';

export interface AlertmanagerOptions {
  /** Notifications go to `<webhookUrl>/<team>/<priority>`, the watchdog to `<webhookUrl>/heartbeat`. */
  readonly webhookUrl: string;
}

export const defaultWebhookUrl = 'http://127.0.0.1:9095';

type Priority = Severity['priority'];

/** How long a team waits before a first notification and a reminder. */
const pace: Record<Priority, { readonly wait: string; readonly repeat: string }> = {
  critical: { wait: '10s', repeat: '1h' },
  high: { wait: '30s', repeat: '2h' },
  medium: { wait: '1m', repeat: '12h' },
  low: { wait: '5m', repeat: '3d' },
};

const priorities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Priority[];

const comment = [
  'Routes by team and priority, for Alertmanager 0.25 and later. Check it with: amtool check-config FILE',
  '',
  'Alertmanager has no includes. To merge this into an existing configuration:',
  '  1. copy the one route below `routes:` that matches pack="kop" into your own top-level `routes:`, before any',
  '     route that would swallow its alerts; it leaves every other alert alone',
  '  2. copy `inhibit_rules:`; each is limited to alerts of this pack',
  '  3. keep your own receivers and put their names into the copied routes, or replace the webhooks by yours',
  'The alerts also carry severity = critical, warning or info, for trees that route by that alone.',
];

export function alertmanagerText(pack: Pack, options: AlertmanagerOptions = { webhookUrl: defaultWebhookUrl }): string {
  return yamlText(alertmanagerConfig(pack, options), comment);
}

function alertmanagerConfig(pack: Pack, options: AlertmanagerOptions) {
  const fallback = operatingTeam(pack);
  const teams = [...new Set([...pack.teams.map((team) => team.name), fallback])];
  return {
    route: {
      receiver: receiverName(fallback, 'medium'),
      group_by: ['alertname', 'portal', 'team'],
      routes: [
        {
          matchers: [`pack="${packLabel.pack}"`],
          // Alerts of an unknown team end here rather than nowhere.
          receiver: receiverName(fallback, 'medium'),
          // One notification for a portal whose ten workflows all fail, not ten.
          group_by: ['alertname', 'portal', 'team'],
          group_wait: '30s',
          group_interval: '5m',
          repeat_interval: '12h',
          routes: [watchdogRoute(), ...teams.map(teamRoute)],
        },
      ],
    },
    receivers: [
      { name: 'kop-heartbeat', webhook_configs: [{ url: `${options.webhookUrl}/heartbeat`, send_resolved: false }] },
      ...teams.flatMap((team) =>
        priorities.map((priority) => ({
          name: receiverName(team, priority),
          webhook_configs: [{ url: `${options.webhookUrl}/${team}/${priority}`, send_resolved: true }],
        })),
      ),
    ],
    inhibit_rules: ruleDomains.flatMap(({ inhibitions }) => inhibitions?.(pack) ?? []),
  };
}

function watchdogRoute() {
  return {
    matchers: ['alertname="KopWatchdog"'],
    receiver: 'kop-heartbeat',
    group_wait: '0s',
    group_interval: '1m',
    repeat_interval: '1m',
  };
}

function teamRoute(team: string) {
  return {
    matchers: [`team="${team}"`],
    receiver: receiverName(team, 'medium'),
    routes: priorities.map((priority) => ({
      matchers: [`priority="${priority}"`],
      receiver: receiverName(team, priority),
      group_wait: pace[priority].wait,
      repeat_interval: pace[priority].repeat,
    })),
  };
}

function receiverName(team: string, priority: Priority): string {
  return `kop-${team}-${priority}`;
}
