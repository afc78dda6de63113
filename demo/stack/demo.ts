import { loadPack } from '../../pack/index.js';
import { playBadAfternoon } from './admin-client.js';
import { alertmanager } from './alertmanager.js';
import { auditAddition } from './audit-trail/index.js';
import { complianceAddition, liveSourcesText } from './compliance/index.js';
import { encryptionAddition } from './encryption/index.js';
import { exportersService } from './exporters.js';
import { claimFolder } from './folder.js';
import { findGrafana, grafana } from './grafana.js';
import { startGuard } from './guard.js';
import { hints } from './hints.js';
import { describe } from './notification.js';
import type { DemoOptions } from './options.js';
import { fastPace, ordinaryPace } from './pace.js';
import { demoPortal } from './portal.js';
import { LOOPBACK, nextFreePort } from './ports.js';
import { postgres } from './postgres.js';
import { prometheusService } from './prometheus.js';
import { databaseFolder, isDiskFull, type RoomOptions, requireRoom, roomText } from './room.js';
import { type Death, ServiceFailed, StartAbandoned } from './service.js';
import { failureText, Stack } from './stack.js';
import { stopRequest } from './stop-request.js';
import { missingText, table } from './table.js';
import { type Terminal, terminal } from './terminal.js';
import { alertmanagerTool, findProgram, grafanaTool, prometheusTool } from './tools.js';
import { webhook } from './webhook.js';

/** Runs the complete stack on this machine until it is stopped. Returns the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  // Standard output belongs to the program that asked for JSON.
  const out = terminal(options.isJson ? process.stderr : process.stdout);
  const folder = await claimFolder(options.dataDir);
  const request = stopRequest();
  const room = roomFor(options, folder.path);
  const guard = startGuard(folder.path, folder.isTemporary);
  const died = (death: Death) => out.lines(deathText(death));
  const stack = new Stack({ folder: folder.path, signal: request.signal, guard, died }, out);
  let exitCode = 0;
  try {
    await requireRoom(room);
    await start(stack, options, out, request.signal);
    await request.made;
  } catch (error) {
    if (isDiskFull(error)) {
      out.lines(['', ...failureText(error), '', `    ${FULL} ${roomText(room)}`]);
      exitCode = 2;
    } else if (error instanceof ServiceFailed) {
      out.lines(['', ...failureText(error)]);
      exitCode = 2;
    } else if (!(error instanceof StartAbandoned) && !request.signal.aborted) {
      throw error;
    }
  } finally {
    out.lines(['', 'Stopping, the last started first:']);
    await stack.stop();
    await folder.remove();
    guard.dismiss();
    request.dispose();
  }
  return exitCode;
}

const FULL = 'The disk is full.';

function roomFor({ dataDir, scale }: DemoOptions, folder: string): RoomOptions {
  return {
    folder,
    database: databaseFolder(folder, dataDir !== undefined),
    ...(scale === undefined ? {} : { scale }),
  };
}

async function start(stack: Stack, options: DemoOptions, out: Terminal, signal: AbortSignal): Promise<void> {
  const { ports, pathStyle, withTls, scale, faults, badAfternoonSpeed } = options;
  const startedAt = performance.now();
  const pace = options.isFast ? fastPace : ordinaryPace;
  const pack = loadPack([], { requireSecrets: false });
  out.line('Starting the demo of the Kingston Observability Pack. Ctrl-C ends it and leaves nothing behind.');

  const { database } = await stack.start(postgres({ keepData: options.dataDir !== undefined }));
  const portal = await stack.start(
    demoPortal({
      database,
      port: ports.portal,
      adminPort: ports.admin,
      pathStyle,
      withTls,
      faults,
      ...(scale === undefined ? {} : { scale }),
    }),
  );
  // Known before it runs, because the exporters ask it.
  const prometheusPort = await nextFreePort(ports.prometheus);
  const measuring = await stack.start(
    exportersService({
      pack,
      portal,
      port: ports.exporters,
      overlay: { pathStyle, ...(pace.probeSeconds === undefined ? {} : { probeSeconds: pace.probeSeconds }) },
      additions: [
        encryptionAddition({ database, scanSeconds: pace.scanSeconds }),
        auditAddition({ database, pollSeconds: pace.auditPollSeconds }),
        ...pack.compliance.map((board) =>
          complianceAddition({
            database,
            board,
            prometheusUrl: `http://${LOOPBACK}:${prometheusPort}`,
            everySeconds: pace.complianceSeconds,
          }),
        ),
      ],
    }),
  );
  for (const tool of measuring.missing) {
    stack.leaveOut(tool, 'missing');
  }
  const prometheusUrl = await judge(
    stack,
    { ...options, ports: { ...ports, prometheus: prometheusPort } },
    measuring.address,
    out,
  );
  await show(stack, options, prometheusUrl);
  if (badAfternoonSpeed !== undefined) {
    await playBadAfternoon(portal.adminUrl, badAfternoonSpeed);
  }

  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  out.lines(['', `Ready after ${seconds} s.`, '', ...table(stack.rows, out.width), '', ...missingText(stack.missing)]);
  const hasPrometheus = prometheusUrl !== undefined;
  out.lines([
    ...hints({ ...measuring, exportersUrl: measuring.address, adminUrl: portal.adminUrl, hasPrometheus }),
    '',
  ]);
  void liveSourcesText(measuring.address, pace.complianceSeconds, signal).then((lines) => out.lines(lines));
  if (options.isJson) {
    process.stdout.write(`${JSON.stringify(addresses(stack, portal.adminUrl, measuring.config))}\n`);
  }
}

/** Prometheus, Alertmanager and the receiver, as far as this machine has them. */
async function judge(stack: Stack, options: DemoOptions, measured: string, out: Terminal): Promise<string | undefined> {
  const { ports, withPrometheus, isFast } = options;
  const pace = isFast ? fastPace : ordinaryPace;
  const prometheusFile = findProgram(['prometheus']);
  const alertmanagerFile = findProgram(['alertmanager', 'prometheus-alertmanager']);
  if (!withPrometheus) {
    stack.leaveOut(prometheusTool, 'not wanted');
    stack.leaveOut(alertmanagerTool, 'not wanted');
    return undefined;
  }
  let notifier: string | undefined;
  if (alertmanagerFile === undefined) {
    stack.leaveOut(alertmanagerTool, 'missing');
  } else {
    const receiver = await stack.start(
      webhook({ port: ports.alerts, onAlert: (received) => out.lines(describe(received)) }),
    );
    const started = await stack.tryToStart(
      alertmanager({ file: alertmanagerFile, port: ports.alertmanager, webhookUrl: receiver.address, ...waits(pace) }),
    );
    notifier = started?.address;
  }
  if (prometheusFile === undefined) {
    stack.leaveOut(prometheusTool, 'missing');
    return undefined;
  }
  const started = await stack.tryToStart(
    prometheusService({
      file: prometheusFile,
      port: ports.prometheus,
      pace,
      exporters: measured,
      ...(notifier === undefined ? {} : { alertmanager: notifier }),
    }),
  );
  return started?.address;
}

function waits({ notifySeconds }: { readonly notifySeconds?: number }) {
  return notifySeconds === undefined ? {} : { notifySeconds };
}

async function show(stack: Stack, options: DemoOptions, prometheusUrl: string | undefined): Promise<void> {
  const installation = findGrafana();
  if (!options.withGrafana) {
    stack.leaveOut(grafanaTool, 'not wanted');
  } else if (installation === undefined) {
    stack.leaveOut(grafanaTool, 'missing');
  } else {
    const data = prometheusUrl === undefined ? {} : { prometheus: prometheusUrl };
    await stack.tryToStart(grafana({ installation, port: options.ports.grafana, ...data }));
  }
}

function addresses(stack: Stack, adminUrl: string, config: string) {
  const running = stack.rows.flatMap(({ name, address }) => (address === undefined ? [] : [[name, address]]));
  return { ...Object.fromEntries(running), admin: adminUrl, config, missing: stack.missing.map(({ name }) => name) };
}

function deathText({ title, how, lastLines, logFile, advice }: Death): readonly string[] {
  return [
    '',
    `${title} ended on its own (${how}). Its log, ${logFile}, ends:`,
    ...lastLines.map((line) => `  | ${line}`),
    advice,
    '',
  ];
}
