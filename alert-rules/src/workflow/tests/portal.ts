import { type AlertScenario, fires, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import { workflowSettings } from '../settings.js';
import { names, workflowRuleFiles, worldSeries } from './world.js';

const portal = { portal: names.portal };

export function portalTests(): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/workflow-portal.test.yaml',
      about: 'Alerts about a portal as a whole.',
      evaluateEvery: 1,
      rules: [...workflowRuleFiles, 'kop-exporters'],
      scenarios: [...unanswered(), ...login(), ...certificate()],
    },
  ];
}

function unanswered(): readonly AlertScenario[] {
  const alert = 'WorkflowPortalUnanswered';
  const full = workflowSettings.unanswered.windowSeconds / 60;
  return [
    {
      name: `${alert}: fires when every place but the canary's is taken by an open request, and recovers`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: 20, openRequests: 3 }, { minutes: 20 }] }),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 31),
        fires(alert, 34),
        fires(alert, 49),
        isQuiet(alert, 50 + full + 1),
      ],
      sent: [sent(alert, 40, portal, '100%')],
    },
    {
      name: `${alert}: goes on while one is given up and the next one hangs`,
      series: worldSeries({
        phases: [
          { minutes: 30 },
          ...Array.from({ length: 4 }, () => [
            { minutes: 5, openRequests: 3 },
            { minutes: 1, openRequests: 2 },
          ]).flat(),
        ],
      }),
      queries: [35, 36, 37, 41, 42, 43, 52].map((minute) => fires(alert, minute)),
    },
    {
      name: `${alert}: stays quiet while one workflow hangs, and after a minute of errors`,
      series: worldSeries({
        phases: [
          { minutes: 10, openRequests: 2 },
          { minutes: 1, openRequests: 4 },
          { minutes: 20, openRequests: 2 },
        ],
      }),
      queries: [9, 11, 12, 13, 20].map((minute) => isQuiet(alert, minute)),
    },
    {
      name: `${alert}: is unknown, and so quiet, when the exporter does not answer; that has an alert of its own`,
      series: worldSeries({
        phases: [
          { minutes: 30, openRequests: 0 },
          { minutes: 30, target: 'down' },
        ],
      }),
      queries: [isQuiet(alert, 45), fires('KopExporterDown', 45)],
    },
  ];
}

function login(): readonly AlertScenario[] {
  const alert = 'WorkflowLoginFailing';
  const wait = workflowSettings.login.forSeconds / 60;
  const refused = { ...portal, identity: 'default', outcome: 'refused' };
  return [
    {
      name: `${alert}: fires when a login is refused, stays while none is tried, and recovers with the first that succeeds`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: 90, login: 'refused' }, { minutes: 20 }] }),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 30 + wait - 1),
        ...[30 + wait + 1, 50, 75, 119].map((minute) => fires(alert, minute)),
        isQuiet(alert, 121),
      ],
      sent: [sent(alert, 119, refused, '1')],
    },
    {
      name: `${alert}: fires for the user whose login fails while another logs in`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: 30, managerLogin: 'failed' }] }),
      queries: [isQuiet(alert, 29), fires(alert, 55)],
      sent: [sent(alert, 55, { ...portal, identity: 'manager', outcome: 'failed' }, '1')],
    },
    {
      name: `${alert}: stays quiet when the next login succeeds`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: wait - 2, login: 'failed' }, { minutes: 30 }] }),
      queries: [32, 35, 40, 50].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function certificate(): readonly AlertScenario[] {
  const alert = 'WorkflowCertificateExpiry';
  const { warnDays, criticalDays, forSeconds } = workflowSettings.certificate;
  const wait = forSeconds / 60 + 5;
  const warning = { priority: 'medium' };
  const critical = { priority: 'critical' };
  const left = (days: number, minute: number) => {
    const minutes = days * 1_440 - minute;
    return `${Math.floor(minutes / 1_440)}d ${Math.floor((minutes % 1_440) / 60)}h ${minutes % 60}m 0s`;
  };
  return [
    {
      name: `${alert}: warns, becomes critical, and recovers when the certificate is renewed`,
      series: worldSeries({
        phases: [
          { minutes: 30, certificateDays: 90 },
          { minutes: 60, certificateDays: warnDays - 1 },
          { minutes: 60, certificateDays: criticalDays - 1 },
          { minutes: 30, certificateDays: 90 },
        ],
      }),
      queries: [
        isQuiet(alert, 29),
        fires(alert, 30 + wait, warning),
        isQuiet(alert, 30 + wait, critical),
        fires(alert, 90 + wait, critical),
        isQuiet(alert, 160),
      ],
      sent: [
        sent(alert, 30 + wait, portal, left(warnDays - 1, 30 + wait), warning),
        sent(alert, 90 + wait, portal, left(criticalDays - 1, 90 + wait), critical),
        sent(alert, 90 + wait, portal, left(criticalDays - 1, 90 + wait), warning),
      ],
    },
    {
      name: `${alert}: stays quiet without TLS`,
      series: worldSeries({ phases: [{ minutes: 60 }] }),
      queries: [isQuiet(alert, 55)],
    },
  ];
}
