import { calendarMetrics } from '../../../pack/policy/metrics.js';
import { settings } from '../settings.js';
import { promqlDuration } from './duration.js';
import { exporterSeries } from './exporter-world.js';
import { type AlertScenario, fires, isQuiet, sent, type TestFile } from './scenario.js';
import { target } from './target.js';

const memory = settings.memorySeconds / 60;

export function exporterTests(): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/exporters.test.yaml',
      about: 'The exporters themselves, and the watchdog.',
      evaluateEvery: 1,
      rules: ['kop-exporters'],
      scenarios: [
        ...down(),
        ...collector(),
        ...thread(),
        ...leftOut(),
        ...stateKept(),
        ...shards(),
        ...reload(),
        ...calendarEnds(),
        ...watchdog(),
      ],
    },
  ];
}

function down(): readonly AlertScenario[] {
  const alert = 'KopExporterDown';
  const wait = settings.exporterDownForSeconds / 60;
  const outage = memory + 120;
  return [
    {
      name: `${alert}: fires when an exporter dies, for as long as it is dead, and recovers`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: outage, target: 'down' }, { minutes: 10 }] }),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 30 + wait - 2),
        fires(alert, 30 + wait + 2),
        fires(alert, 30 + outage - 1),
        isQuiet(alert, 30 + outage + 3),
      ],
      sent: [sent(alert, 30 + wait + 2, { ...target, exporter: 'workflow-sla' }, promqlDuration(wait + 3))],
    },
    {
      name: `${alert}: fires when the only target vanishes, and gives up after an hour`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: memory + 30, target: 'gone' }] }),
      queries: [fires(alert, 30 + wait + 2), isQuiet(alert, 30 + memory + 5)],
    },
    {
      name: `${alert}: stays quiet when an instance is replaced by another`,
      series: [
        ...exporterSeries({ phases: [{ minutes: 30 }, { minutes: 60, target: 'gone' }] }),
        ...exporterSeries({ instance: 'probe-2:9464', phases: [{ minutes: 30, target: 'gone' }, { minutes: 60 }] }),
      ],
      queries: [31, 30 + wait + 2, 80].map((minute) => isQuiet(alert, minute)),
    },
    {
      name: `${alert}: fires for one of two shards`,
      series: [
        ...exporterSeries({ phases: [{ minutes: 30 }, { minutes: 30, target: 'down' }] }),
        ...exporterSeries({ instance: 'probe-2:9464', phases: [{ minutes: 60 }] }),
      ],
      queries: [fires(alert, 30 + wait + 2, { instance: target.instance })],
    },
  ];
}

function collector(): readonly AlertScenario[] {
  const alert = 'KopCollectorFailing';
  const wait = settings.collectorForSeconds / 60;
  return [
    {
      name: `${alert}: fires while a collector delivers nothing, and recovers`,
      series: exporterSeries({
        phases: [{ minutes: 30 }, { minutes: wait + 10, collectorOk: false }, { minutes: 10 }],
      }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 2), isQuiet(alert, 30 + wait + 13)],
      sent: [sent(alert, 30 + wait + 2, { ...target, collector: 'workflow' })],
    },
    {
      name: `${alert}: stays quiet after one failure`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: 1, collectorOk: false }, { minutes: 30 }] }),
      queries: [31, 30 + wait + 2].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function thread(): readonly AlertScenario[] {
  const alert = 'KopMeasuringThreadRestarting';
  const window = settings.threadRestarts.windowSeconds / 60;
  const half = { minutes: 20, threadRestartsPerMinute: 0.5 };
  return [
    {
      name: `${alert}: fires while a thread is started again and again, and recovers`,
      series: exporterSeries({ phases: [{ minutes: 30 }, half, { minutes: window + 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + window), isQuiet(alert, 30 + half.minutes + window + 2)],
      sent: [sent(alert, 30 + window, { ...target, thread: 'workflow-sla' }, '7.5')],
    },
    {
      name: `${alert}: stays quiet after one restart, which mended it`,
      series: exporterSeries({
        phases: [{ minutes: 30 }, { minutes: 1, threadRestartsPerMinute: 1 }, { minutes: 30 }],
      }),
      queries: [31, 35, 50].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function leftOut(): readonly AlertScenario[] {
  const alert = 'KopSeriesLeftOut';
  return [
    {
      name: `${alert}: fires once a series was left out, until the exporter is started again, and recovers`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: 60, overflows: 2 }, { minutes: 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 32), fires(alert, 89), isQuiet(alert, 92)],
      sent: [sent(alert, 32, { ...target, exporter: 'workflow-sla' }, '2')],
    },
    {
      name: `${alert}: fires also when a metric was full from the start`,
      series: exporterSeries({ phases: [{ minutes: 30, overflows: 1 }] }),
      queries: [fires(alert, 2)],
    },
    {
      name: `${alert}: stays quiet while an exporter that had room is gone`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: 30, target: 'down' }, { minutes: 10 }] }),
      queries: [29, 45, 65].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function stateKept(): readonly AlertScenario[] {
  const alert = 'KopStateNotKept';
  const wait = settings.stateForSeconds / 60;
  return [
    {
      name: `${alert}: fires while an exporter cannot write to its state directory, and recovers`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: wait + 10, stateOk: false }, { minutes: 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 2), isQuiet(alert, 30 + wait + 13)],
      sent: [sent(alert, 30 + wait + 2, { ...target, exporter: 'audit-trail' })],
    },
    {
      name: `${alert}: stays quiet after one failure, and while it is not known because the exporter is gone`,
      series: exporterSeries({
        phases: [{ minutes: 30 }, { minutes: 1, stateOk: false }, { minutes: 30 }, { minutes: 30, target: 'down' }],
      }),
      queries: [31, 30 + wait + 2, 80].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function shards(): readonly AlertScenario[] {
  const alert = 'KopShardsInconsistent';
  const wait = settings.shardsForSeconds / 60;
  const minutes = wait + 20;
  const process = (name: string, shard: string, before = shard, sha256?: string) =>
    exporterSeries({
      instance: `${name}:9464`,
      phases: [
        { minutes: 30, shard: before, ...(sha256 === undefined ? {} : { sha256 }) },
        { minutes, shard, ...(sha256 === undefined ? {} : { sha256 }) },
        { minutes: 10, shard: before, ...(sha256 === undefined ? {} : { sha256 }) },
      ],
    });
  const [quiet, late, over] = [29, 30 + wait + 2, 30 + minutes + 5];
  const labels = { job: target.job, exporter: 'workflow-sla', sha256: 'a' };
  return [
    {
      name: `${alert}: fires when two processes measure the same share and nobody the other, and recovers`,
      series: [...process('a', '1/2'), ...process('b', '1/2', '2/2')],
      queries: [isQuiet(alert, quiet), isQuiet(alert, 30 + wait - 2), fires(alert, late), isQuiet(alert, over)],
      sent: [sent(alert, late, labels, '2')],
    },
    {
      name: `${alert}: fires when the shares are of different divisions`,
      series: [...process('a', '1/2'), ...process('b', '1/3', '2/2')],
      queries: [isQuiet(alert, quiet), fires(alert, late), isQuiet(alert, over)],
    },
    {
      name: `${alert}: fires when a whole one runs beside a share`,
      series: [...process('a', '2/2', '1/1', 'b'), ...process('b', '1/1', '1/1', 'b')],
      queries: [isQuiet(alert, quiet), fires(alert, late, { sha256: 'b' }), isQuiet(alert, over)],
    },
    {
      name: `${alert}: fires when three shares are of two divisions, although each number is there once`,
      series: [...process('a', '1/2', '1/3'), ...process('b', '2/2', '2/3'), ...process('c', '3/3')],
      queries: [isQuiet(alert, quiet), fires(alert, late), isQuiet(alert, over)],
    },
    {
      name: `${alert}: fires when a share is gone`,
      series: [
        ...process('a', '1/2'),
        ...exporterSeries({
          instance: 'b:9464',
          phases: [
            { minutes: 30, shard: '2/2' },
            { minutes, shard: '2/2', target: 'gone' },
            { minutes: 10, shard: '2/2' },
          ],
        }),
      ],
      queries: [isQuiet(alert, quiet), fires(alert, late), isQuiet(alert, over)],
    },
    {
      name: `${alert}: stays quiet while two sets with descriptions of their own are whole, and two processes unsharded`,
      series: [
        ...process('a', '1/2'),
        ...process('b', '2/2'),
        ...process('c', '1/2', '1/2', 'other'),
        ...process('d', '2/2', '2/2', 'other'),
        ...process('e', '1/1', '1/1', 'whole'),
        ...process('f', '1/1', '1/1', 'whole'),
      ],
      queries: [quiet, late, over].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function reload(): readonly AlertScenario[] {
  const alert = 'KopConfigReloadFailed';
  const wait = settings.configReloadForSeconds / 60;
  return [
    {
      name: `${alert}: fires while a changed configuration is refused, and recovers`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: wait + 10, reloadOk: false }, { minutes: 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 2), isQuiet(alert, 30 + wait + 13)],
      sent: [sent(alert, 30 + wait + 2, target, promqlDuration(30 + wait + 2))],
    },
    {
      name: `${alert}: stays quiet when the mistake is mended at once`,
      series: exporterSeries({ phases: [{ minutes: 30 }, { minutes: 2, reloadOk: false }, { minutes: 20 }] }),
      queries: [31, 30 + wait + 2].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

function calendarEnds(): readonly AlertScenario[] {
  const alert = 'KopCalendarEnding';
  const known = (minutes: number) => settings.calendarEndsSeconds + 60 * minutes;
  const calendar = (instance: string, values: string) => ({
    series: `${calendarMetrics.validUntil.name}{job="${target.job}", instance="${instance}", calendar="office-hours"}`,
    values,
  });
  return [
    {
      name: `${alert}: fires when the known days come to an end, also while one of two exporters knows more, and recovers`,
      series: [
        calendar(target.instance, `${known(30)}x60 ${known(9_000)}x30`),
        calendar('probe-2:9464', `${known(9_000)}x90`),
      ],
      queries: [isQuiet(alert, 30), fires(alert, 31), fires(alert, 59), isQuiet(alert, 62)],
      sent: [sent(alert, 40, { calendar: 'office-hours' }, promqlDuration(settings.calendarEndsSeconds / 60 - 10))],
    },
    {
      name: `${alert}: stays quiet for calendars without bank holidays, which never end`,
      series: exporterSeries({ phases: [{ minutes: 30 }] }),
      queries: [isQuiet(alert, 29)],
    },
  ];
}

/** It never stays quiet and never recovers: that is its purpose. */
function watchdog(): readonly AlertScenario[] {
  const alert = 'KopWatchdog';
  return [
    {
      name: `${alert}: fires always, even with nothing to scrape`,
      series: [],
      queries: [fires(alert, 0), fires(alert, 60)],
      sent: [sent(alert, 1, {})],
    },
  ];
}
