import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r, workflowStates } from '../../../pack/workflow/recorded.js';
import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { colours, field, fieldsLike, thresholds } from '../kit/fields.js';
import { heatmap, stackedBars, stat, stateTimeline, timeseries } from '../kit/panels.js';
import type { Dashboard, Override, Panel, QueryTarget } from '../kit/types.js';
import { labelVariable } from '../kit/variables.js';
import { workflowTable } from './table.js';
import { workflowStateWords } from './words.js';

const ofPortal = '{portal="$portal"}';
const chosen = '{portal="$portal", workflow="$workflow"}';

/** Gauges of the last run keep their value when runs stop; drawn on, they would look like measurements. */
const isRunning = `(time() - ${m.lastRun.name}${chosen} < 3 * ${m.scheduleInterval.name}${chosen})`;

const series = (expr: string, legendFormat: string): QueryTarget => ({ expr, legendFormat });
const instant = (expr: string, legendFormat = ''): QueryTarget => ({ expr, legendFormat, instant: true });

/** From all workflows of a portal down to the phases of one step. */
export function workflowSla(pack: Pack): Dashboard {
  return dashboard({
    uid: 'kop-workflow-sla',
    title: 'Workflow SLA',
    description: 'Whether each workflow is as fast and as reliable as promised, and where its time goes.',
    from: 'now-6h',
    variables: [
      labelVariable('portal', 'Portal', `${m.info.name}, portal`),
      labelVariable('workflow', 'Workflow', `${m.info.name}${ofPortal}, workflow`),
    ],
    rows: [allWorkflows(), objective(pack), speed(), failures(), access()],
  });
}

function allWorkflows(): DashboardRow {
  return {
    title: 'All workflows of $portal',
    lines: [
      { height: 12, panels: [[24, workflowTable(ofPortal)]] },
      { height: 10, panels: [[24, states()]] },
    ],
  };
}

function states(): Panel {
  return stateTimeline({
    title: 'State of each workflow',
    description: 'How the state of each objective changed. Where nothing is drawn, the workflow was not known.',
    expr: `max by (workflow) (${r.state.name}${ofPortal})`,
    subject: 'workflow',
    nothing: { text: 'No workflow is known', code: workflowStates.noData },
    mappings: workflowStateWords,
  });
}

function objective(pack: Pack): DashboardRow {
  return {
    title: 'Objective of $workflow',
    lines: [
      {
        height: 4,
        panels: [
          [4, state()],
          [4, attainment()],
          [4, budgetLeft()],
          [4, burnNow(pack)],
          [4, lastRun()],
          [4, promise()],
        ],
      },
      {
        height: 8,
        panels: [
          [12, budgetOverTime()],
          [12, burnRates(pack)],
        ],
      },
    ],
  };
}

function state(): Panel {
  return stat({
    title: 'State',
    description:
      'Met, at risk or broken; not known: so many turns of the period were not measured that nobody can tell; no data: not measured for three intervals.',
    unit: 'none',
    colour: 'background',
    targets: [instant(`${r.state.name}${chosen}`)],
    mappings: workflowStateWords,
  });
}

function attainment(): Panel {
  return stat({
    title: 'Runs that met the SLA',
    description:
      "Share of the measured turns of the objective's period that succeeded within the SLA, what was promised, and the share of the turns due that were measured at all.",
    unit: 'percentunit',
    decimals: 2,
    targets: [
      instant(`${r.attainment.name}${chosen}`, 'Met'),
      instant(`max(${m.slaObjective.name}${chosen})`, 'Promised'),
      instant(`${r.measured.name}${chosen}`, 'Measured'),
    ],
    overrides: [
      field('Promised', { color: { mode: 'fixed', fixedColor: 'text' } }),
      field('Measured', { color: { mode: 'fixed', fixedColor: 'text' } }),
    ],
  });
}

function budgetLeft(): Panel {
  return stat({
    title: 'Error budget left',
    description:
      "Share of the misses allowed in the objective's period that is left. Below zero the promise is broken.",
    unit: 'percentunit',
    decimals: 0,
    targets: [instant(`${r.budgetRemaining.name}${chosen}`)],
    thresholds: budgetSteps,
  });
}

const budgetSteps = thresholds(
  { value: null, color: colours.bad },
  { value: 0, color: colours.warning },
  { value: 0.25, color: colours.good },
);

function burnNow(pack: Pack): Panel {
  return stat({
    title: 'Burn rate, last hour',
    description:
      'How many times as fast as it is given the error budget was used up in the last hour. 1 is just sustainable.',
    unit: 'none',
    decimals: 1,
    targets: [instant(`${r.errorRatio('1h').name}${chosen} / (${r.errorBudget.name}${chosen} > 0)`)],
    thresholds: burnSteps(pack),
  });
}

/** The lowest pace that opens a ticket, and the lowest that pages. */
function burnSteps(pack: Pack) {
  const lowest = (severity: string) =>
    Math.min(
      ...pack.alerting.burn
        .filter((burn) => pack.severities.find((row) => row.priority === burn.priority)?.severity === severity)
        .map((burn) => burn.factor),
    );
  const warning = Math.min(lowest('warning'), lowest('info'));
  const critical = lowest('critical');
  return thresholds(
    { value: null, color: colours.good },
    ...(Number.isFinite(warning) ? [{ value: warning, color: colours.warning }] : []),
    ...(Number.isFinite(critical) ? [{ value: critical, color: colours.bad }] : []),
  );
}

function lastRun(): Panel {
  return stat({
    title: 'Last run',
    description: 'When the workflow last ran to an end. Old means that everything else here is old.',
    unit: 'dateTimeFromNow',
    targets: [instant(`max(1000 * (max_over_time(${m.lastRun.name}${chosen}[1d]) > 0))`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function promise(): Panel {
  return stat({
    title: 'SLA and interval',
    description: 'Promised duration of a run, and the time between the starts of two runs.',
    unit: 's',
    targets: [
      instant(`max(${m.slaTarget.name}${chosen})`, 'SLA'),
      instant(`max(${m.scheduleInterval.name}${chosen})`, 'Every'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function budgetOverTime(): Panel {
  return timeseries({
    title: 'Error budget left',
    description: "Share of the period's error budget that is left. It recovers as misses fall out of the period.",
    unit: 'percentunit',
    max: 1,
    fill: 15,
    targets: [series(`${r.budgetRemaining.name}${chosen}`, 'Budget left')],
    thresholds: thresholds({ value: null, color: 'transparent' }, { value: 0, color: colours.bad }),
  });
}

function burnRates(pack: Pack): Panel {
  const long = [...new Set(pack.alerting.burn.map((burn) => burn.longSeconds))].sort((a, b) => a - b);
  return timeseries({
    title: 'Burn rates',
    softMax: 2,
    description:
      'How many times as fast as it is given the error budget was used up, over the long windows of the burn alerts. The ' +
      `alerts fire at ${pack.alerting.burn.map((burn) => `${burn.factor} (${burn.name})`).join(', ')}.`,
    unit: 'none',
    min: 0,
    targets: long.map((seconds) => {
      const window = windowOf(seconds);
      return series(
        `${r.errorRatio(window).name}${chosen} / on (portal, workflow) (${r.errorBudget.name}${chosen} > 0)`,
        window,
      );
    }),
    legendCalcs: ['lastNotNull', 'max'],
    legendAt: 'right',
  });
}

function speed(): DashboardRow {
  return {
    title: 'Speed of $workflow',
    lines: [
      {
        height: 9,
        panels: [
          [12, durations()],
          [12, distribution()],
        ],
      },
      {
        height: 9,
        panels: [
          [12, lastPhases()],
          [12, phasesOverTime()],
        ],
      },
      { height: 8, panels: [[24, stepDurations()]] },
    ],
  };
}

const slaLine: Override = field('SLA', {
  color: { mode: 'fixed', fixedColor: colours.bad },
  'custom.lineStyle': { fill: 'dash', dash: [10, 8] },
  'custom.fillOpacity': 0,
  'custom.showPoints': 'never',
  'custom.drawStyle': 'line',
});

function durations(): Panel {
  const last = `${m.lastRunDuration.name}${chosen}`;
  const whileRunning = `and on (portal, workflow) ${isRunning}`;
  return timeseries({
    title: 'Run duration against the SLA',
    description:
      'Each run as measured, and the promised duration. Over a longer time each point stands for several runs: then the ' +
      'line leaves out the slowest 5 % of them.',
    unit: 's',
    min: 0,
    targets: [
      series(`max(${last} ${whileRunning})`, 'Run'),
      series(`max(quantile_over_time(0.95, ${last}[$__rate_interval]) ${whileRunning})`, '95 % within'),
      series(`max(${m.slaTarget.name}${chosen})`, 'SLA'),
    ],
    overrides: [
      slaLine,
      field('Run', {
        'custom.drawStyle': 'points',
        'custom.showPoints': 'always',
        'custom.pointSize': 4,
        color: { mode: 'fixed', fixedColor: 'text' },
      }),
      field('95 % within', { color: { mode: 'fixed', fixedColor: 'blue' } }),
    ],
  });
}

function distribution(): Panel {
  return heatmap({
    title: 'Runs by duration',
    description: 'How many runs ended in each bucket of the histogram. The bounds include the SLA.',
    unit: 's',
    targets: [
      {
        expr: `sum by (le) (increase(${m.runDuration.name}_bucket${chosen}[$__rate_interval]))`,
        legendFormat: '{{le}}',
        format: 'heatmap',
      },
    ],
  });
}

const phaseColours: readonly Override[] = Object.entries({
  dns: 'light-purple',
  connect: 'light-blue',
  tls: 'blue',
  send: 'light-green',
  wait: 'orange',
  receive: 'green',
}).map(([phase, colour]) => field(phase, { color: { mode: 'fixed', fixedColor: colour } }));

function lastPhases(): Panel {
  return stackedBars({
    title: 'Where the time of the last run went',
    description:
      'Each step of the last run by phase. "wait" is the time until the first byte: the portal and its database at work.',
    unit: 's',
    category: 'step',
    targets: [
      {
        expr: `max by (step, phase) (${m.stepPhase.name}${chosen})`,
        legendFormat: '',
        instant: true,
        format: 'table',
      },
    ],
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { columnField: 'phase', rowField: 'step', valueField: 'Value', emptyValue: 'zero' },
      },
      {
        id: 'organize',
        options: {
          renameByName: { 'step\\phase': 'step' },
          indexByName: Object.fromEntries(
            ['step\\phase', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'].map((name, index) => [name, index]),
          ),
        },
      },
    ],
    overrides: phaseColours,
  });
}

function phasesOverTime(): Panel {
  return timeseries({
    title: 'Phases over time',
    description: 'Time of the last run by phase, summed over its steps.',
    unit: 's',
    min: 0,
    stacked: true,
    targets: [
      series(
        `sum by (phase) (max by (step, phase) (${m.stepPhase.name}${chosen} and on (portal, workflow) ${isRunning}))`,
        '{{phase}}',
      ),
    ],
    overrides: phaseColours,
  });
}

function stepDurations(): Panel {
  return timeseries({
    title: 'Mean duration of each step',
    description: 'Steps of the workflow one on top of the other, against the SLA of the whole.',
    unit: 's',
    min: 0,
    stacked: true,
    targets: [
      series(
        `sum by (step) (rate(${m.stepDuration.name}_sum${chosen}[$__rate_interval])) / (sum by (step) (rate(${m.stepDuration.name}_count${chosen}[$__rate_interval])) > 0)`,
        '{{step}}',
      ),
      series(`max(${m.slaTarget.name}${chosen})`, 'SLA'),
    ],
    overrides: [
      {
        ...slaLine,
        properties: [...slaLine.properties, { id: 'custom.stacking', value: { mode: 'none', group: 'B' } }],
      },
    ],
  });
}

function failures(): DashboardRow {
  return {
    title: 'Failures of $workflow',
    lines: [
      {
        height: 8,
        panels: [
          [12, runsByVerdict()],
          [12, failuresByReason()],
        ],
      },
      {
        height: 8,
        panels: [
          [12, notMeasured()],
          [12, retries()],
        ],
      },
    ],
  };
}

function runsByVerdict(): Panel {
  return timeseries({
    title: 'Runs that met and missed the SLA, per minute',
    description:
      'A failed run has missed, however fast it failed, and so has a turn at which nothing was sent because an earlier request is still open or the portal had asked to wait (unanswered).',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(`60 * sum by (sla) (rate(${m.runs.name}${chosen}[$__rate_interval]))`, '{{sla}}'),
      series(`60 * sum(rate(${m.turnsUnanswered.name}${chosen}[$__rate_interval]))`, 'of these unanswered'),
    ],
    overrides: [
      field('of these unanswered', {
        color: { mode: 'fixed', fixedColor: 'text' },
        'custom.drawStyle': 'line',
        'custom.fillOpacity': 0,
        'custom.stacking': { mode: 'none', group: 'B' },
      }),
      field('met', { color: { mode: 'fixed', fixedColor: colours.good } }),
      field('missed', { color: { mode: 'fixed', fixedColor: colours.bad } }),
    ],
  });
}

/** One colour for each layer: network, time, the portal's answer, its content, the login. No failure is green. */
const reasonColours: readonly Override[] = Object.entries({
  'dns|connect|tls': 'blue',
  'timeout|budget|unanswered|retry-after': 'orange',
  'status|protocol|size|redirect': 'dark-red',
  assertion: 'light-red',
  auth: 'purple',
  'exporter|skipped': 'text',
}).map(([reasons, colour]) => fieldsLike(`: (${reasons})$`, { color: { mode: 'fixed', fixedColor: colour } }));

function failuresByReason(): Panel {
  return timeseries({
    title: 'Failures by reason, per minute',
    description: 'Failed steps and why. A line at zero says that there was measuring and nothing failed.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(
        `60 * sum by (step, reason) (rate(${m.stepFailures.name}${chosen}[$__rate_interval])) > 0`,
        '{{step}}: {{reason}}',
      ),
      series(`0 * sum(rate(${m.stepFailures.name}${chosen}[$__rate_interval]))`, 'measured'),
    ],
    overrides: [
      ...reasonColours,
      field('measured', {
        color: { mode: 'fixed', fixedColor: 'text' },
        'custom.drawStyle': 'line',
        'custom.lineWidth': 1,
        'custom.fillOpacity': 0,
      }),
    ],
  });
}

function notMeasured(): Panel {
  return timeseries({
    title: 'Runs that were not judged',
    description:
      'Turns of the schedule without a run that counts, by reason, and runs of which nobody can tell, because the exporter was late or something of ours failed.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(`sum by (reason) (increase(${m.runsDropped.name}${chosen}[$__rate_interval]))`, 'dropped: {{reason}}'),
      series(`sum by (reason) (increase(${m.runsUncertain.name}${chosen}[$__rate_interval]))`, 'uncertain: {{reason}}'),
    ],
  });
}

function retries(): Panel {
  return timeseries({
    title: 'Retries',
    description: 'Further tries of a step after a failure. A step that succeeds only then is close to failing.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [series(`sum by (step) (increase(${m.stepRetries.name}${chosen}[$__rate_interval]))`, '{{step}}')],
  });
}

/** What all workflows of a portal share. */
function access(): DashboardRow {
  return {
    title: 'Access to $portal',
    lines: [
      {
        height: 8,
        panels: [
          [6, logins()],
          [6, inFlight()],
          [6, addresses()],
          [6, certificates()],
        ],
      },
    ],
  };
}

function logins(): Panel {
  const failedLogouts = `sum(increase(${m.logouts.name}${ofPortal.replace('}', ', outcome="failed"}')}[$__rate_interval]))`;
  return timeseries({
    title: 'Logins',
    interval: '10m',
    description:
      'Logins by outcome, and logouts that failed, which leave sessions behind. A session lasts for hours, so that few are normal.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    noValue: 'No data: no workflow logs in to this portal',
    targets: [
      series(`sum by (outcome) (increase(${m.logins.name}${ofPortal}[$__rate_interval]))`, '{{outcome}}'),
      series(failedLogouts, 'logout failed'),
    ],
    overrides: [
      field('success', { color: { mode: 'fixed', fixedColor: colours.good } }),
      field('refused', { color: { mode: 'fixed', fixedColor: colours.bad } }),
      field('failed', { color: { mode: 'fixed', fixedColor: 'orange' } }),
    ],
  });
}

function inFlight(): Panel {
  return timeseries({
    title: 'Requests in flight, and open beyond their deadline',
    description:
      'Runs that wait for the portal, and requests that it has neither answered nor closed by their deadline. Each of these keeps a place; beyond the line only the canary is still measured.',
    unit: 'short',
    min: 0,
    targets: [
      series(`sum(${m.runsInProgress.name}${ofPortal})`, 'Runs in progress'),
      series(`sum(${m.requestsOpen.name}${ofPortal})`, 'Open beyond the deadline'),
      series(`sum(${m.requestsOpenLimit.name}${ofPortal})`, 'Places'),
    ],
    overrides: [
      field('Open beyond the deadline', { color: { mode: 'fixed', fixedColor: colours.bad } }),
      field('Places', {
        color: { mode: 'fixed', fixedColor: 'text' },
        'custom.lineStyle': { fill: 'dash', dash: [10, 8] },
        'custom.fillOpacity': 0,
      }),
    ],
  });
}

function addresses(): Panel {
  return timeseries({
    title: 'Addresses tried',
    description:
      "Tries of the addresses behind the portal's name, by outcome. One that fails or is overtaken makes users wait; the log of a run names it.",
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      series(`sum by (outcome) (increase(${m.connectAttempts.name}${ofPortal}[$__rate_interval]))`, '{{outcome}}'),
    ],
    overrides: [
      field('connected', { color: { mode: 'fixed', fixedColor: colours.good } }),
      field('overtaken', { color: { mode: 'fixed', fixedColor: 'orange' } }),
      field('failed', { color: { mode: 'fixed', fixedColor: colours.bad } }),
    ],
  });
}

function certificates(): Panel {
  return stat({
    title: 'First certificate to expire',
    description: 'Time until the first certificate of the chain that is verified expires.',
    unit: 's',
    noValue: 'None seen',
    targets: [instant(`min(${m.certificateExpiry.name}${ofPortal} > 0) - time()`)],
    thresholds: thresholds(
      { value: null, color: colours.bad },
      { value: 7 * 86_400, color: colours.warning },
      { value: 21 * 86_400, color: colours.good },
    ),
  });
}
