import { resolve } from 'node:path';
import type { Pack } from '../../pack/index.js';
import { type LoadOptions, loadPack } from '../../pack/index.js';
import { calendarCollector } from './calendar-collector.js';
import { CollectorRunner } from './collector-runner.js';
import { ConfigHolder, type ReloadResult } from './config-holder.js';
import type { Readiness } from './exporter.js';
import { ExportersHost, type NamedFactory } from './exporters-host.js';
import { collectGarbage } from './garbage.js';
import { createApp } from './http/app.js';
import { ConnectionLimits } from './http/connection-limits.js';
import { connectionSection } from './http/connection-section.js';
import { hostGuard } from './http/hosts.js';
import { InFlight } from './http/in-flight.js';
import { formatListenAddress, type ListenAddress } from './http/listen-address.js';
import { type LandingContent, renderLanding } from './landing/page.js';
import { redactContent } from './landing/redact.js';
import { landingPolicy } from './landing/style.js';
import { createLogger, type LogFormat, type Logger, type LogLevel, Redactor } from './log.js';
import { ProcessMetrics } from './metrics/process.js';
import { MetricsPage } from './page.js';
import { hideSecrets, secretFileRemarks } from './secrets.js';
import { selfFamilies } from './self-metrics.js';
import { Server } from './server.js';
import type { Shard } from './shard.js';
import { StateKeeper, type StatePlace, statePlace } from './state/index.js';
import { type Announced, announce } from './state/running.js';
import { stateSection } from './state/section.js';
import { packageVersion } from './version.js';
import { openSource, WatchedWebConfig } from './web/watched-config.js';

export interface RunOptions {
  readonly factories: readonly NamedFactory[];
  /** Files and folders, merged in this order; none means the description that the pack ships. */
  readonly configFiles: readonly string[];
  /** Which secrets must be available: those of the sections that these exporters read. Default: all. */
  readonly requireSecrets?: LoadOptions['requireSecrets'];
  /** Whether an audit trail may be left without a database; see `LoadOptions`. */
  readonly allowUnconnected?: boolean;
  readonly listenAddresses: readonly ListenAddress[];
  readonly webConfigFile?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly shard: Shard;
  /** Where exporters store their state. Default: from the environment. */
  readonly statePlace?: StatePlace;
  readonly maxRequests: number;
  /** Names that the server answers to; see `hostGuard`. */
  readonly allowedHosts?: readonly string[];
  /** How long answers in progress may take to finish when the process ends. */
  readonly drainMs?: number;
  /** Receives log lines in place of standard error. */
  readonly writeLog?: (line: string) => void;
}

export interface RunningExporters {
  /** With the ports that the system chose where 0 was asked for. */
  readonly addresses: readonly ListenAddress[];
  readonly log: Logger;
  reload(): Promise<ReloadResult>;
  /** Drains the servers, then stops the exporters. A second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Loads, wires and starts the parts, which do the work.
 *
 * @throws {InvalidPack | InvalidWebConfig | CannotListen | StateTaken} each with a message for the operator.
 */
export async function runExporters(options: RunOptions): Promise<RunningExporters> {
  const startedAt = new Date();
  const version = packageVersion();
  const redactor = new Redactor();
  const log = createLogger({
    level: options.logLevel,
    format: options.logFormat,
    redactor,
    ...(options.writeLog === undefined ? {} : { write: options.writeLog }),
  });

  const { requireSecrets = true, allowUnconnected = false } = options;
  const load = (files: readonly string[]) => {
    const pack = loadPack(files, { requireSecrets, allowUnconnected });
    for (const warning of pack.source.warnings) log.warn('the description is valid, and yet', { warning });
    return pack;
  };
  const config = new ConfigHolder({ files: options.configFiles, load, log, afterReload: collectGarbage });
  const takeSecrets = (pack: Pack): void => {
    hideSecrets(pack, redactor);
    for (const remark of secretFileRemarks(pack)) log.warn(remark);
  };
  takeSecrets(config.current);
  const web = options.webConfigFile === undefined ? openSource : new WatchedWebConfig(options.webConfigFile, log);

  const state = new StateKeeper(options.statePlace ?? statePlace(undefined), log);
  const host = new ExportersHost(options.factories, { log, redactor, shard: options.shard, state });
  const processMetrics = new ProcessMetrics();
  const runner = new CollectorRunner(
    [
      ...host.collectors,
      calendarCollector(() => config.current.calendars),
      { name: 'process', collect: () => processMetrics.families() },
    ],
    log,
  );
  const limits = new ConnectionLimits(log);
  const scrapes = new InFlight(options.maxRequests);
  const probes = new InFlight(options.maxRequests);
  const reloads = new InFlight(options.maxRequests);
  const page = new MetricsPage({
    runner,
    standing: () => [
      ...selfFamilies({
        exporters: host.states(),
        version,
        pack: config.current,
        reload: config.status,
        scrapesRefused: scrapes.refused + probes.refused + reloads.refused,
        kept: state.states(),
        shard: options.shard,
        connections: limits,
      }),
      ...host.families(),
    ],
    log,
  });

  let phase: 'starting' | 'running' | 'shutting down' = 'starting';
  const ready = (): Readiness => {
    if (phase !== 'running') return { ready: false, reason: phase };
    const reasons = [
      ...host
        .readiness()
        .filter(({ readiness }) => !readiness.ready)
        .map(({ name, readiness }) => `${name}: ${readiness.reason ?? 'not ready'}`),
      ...state.states().flatMap(({ exporter, problem }) => (problem === undefined ? [] : [`${exporter}: ${problem}`])),
    ];
    return reasons.length === 0 ? { ready: true } : { ready: false, reason: reasons.join('; ') };
  };
  const landing = () => {
    const { files, sha256 } = config.current.source;
    const content: LandingContent = {
      version,
      now: new Date(),
      startedAt,
      ready: ready(),
      exporters: host.shown(),
      collectors: runner.states(),
      config: { files, sha256, reload: config.status },
      ...(options.shard.count === 1 ? {} : { shard: `${options.shard.index}/${options.shard.count}` }),
      sections: [stateSection(state), connectionSection(limits, scrapes, probes)],
    };
    const html = renderLanding(redactContent(content, (text) => redactor.redact(text)));
    return { html, policy: landingPolicy };
  };

  const reload = async (): Promise<ReloadResult> => {
    if (phase !== 'running') return { ok: false, reason: `the process is ${phase}; try again` };
    return config.reload();
  };

  const app = createApp({
    web,
    hosts: hostGuard(options.listenAddresses, options.allowedHosts ?? []),
    scrapes,
    probes,
    reloads,
    redactor,
    log,
    metrics: (format, budgetMs) => page.render(format, budgetMs, new Date()),
    ready,
    broken: () => host.broken(),
    reload,
    landing,
    mount: (router) => host.mount(router),
  });
  const server = new Server({ addresses: options.listenAddresses, app, web, limits, log });

  let announced: Announced | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      if (phase === 'running') log.info('shutting down');
      phase = 'shutting down';
      await server.close(options.drainMs ?? 10_000);
      await host.stop();
      await state.close();
      await announced?.withdraw();
    })();
    return stopping;
  };

  try {
    // The address first: a second process that was started by mistake must not measure.
    const addresses = await server.listen();
    await host.configure(config.current);
    // The secrets first: an exporter may log as soon as it has the new configuration.
    config.onChange('redactor', takeSecrets);
    for (const [name, configure] of host.subscribers()) config.onChange(name, configure);
    await host.start();
    phase = 'running';
    collectGarbage();
    announced = await announce({
      stateDirectory: state.place.directory,
      stateFrom: state.place.from,
      exporters: [...host.names],
      configFiles: config.current.source.described.map((file) => resolve(file)),
      address: formatListenAddress(addresses[0] ?? { host: '', port: 0 }),
    });
    if (announced.problem !== undefined) {
      log.warn('commands will not find the state of this process by themselves', { reason: announced.problem });
    }
    log.info('started', {
      version,
      exporters: host.names.join(','),
      sha256: config.current.source.sha256,
      state: state.place.directory,
    });
    return { addresses, log, reload, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
