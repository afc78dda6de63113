import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Child } from './child.js';
import { writeProvisioning } from './grafana-provisioning.js';
import { LOOPBACK, onFreePort } from './ports.js';
import type { Running, Service, StackContext } from './service.js';
import { findProgram, isExecutable } from './tools.js';

/** A Grafana on this machine: the program, and the folder with its web files and default settings. */
export interface GrafanaInstallation {
  readonly file: string;
  readonly home: string;
}

export interface GrafanaOptions {
  readonly installation: GrafanaInstallation;
  readonly port: number;
  readonly prometheus?: string;
}

/** Its first start creates a database, which takes a slow disk minutes. */
const PATIENCE_MS = 180_000;

const WINDOWS_SUFFIX = process.platform === 'win32' ? '.exe' : '';

export function findGrafana(env: NodeJS.ProcessEnv = process.env): GrafanaInstallation | undefined {
  const home = env.GRAFANA_HOME;
  if (home !== undefined && home !== '') {
    const file = join(home, 'bin', `grafana${WINDOWS_SUFFIX}`);
    return isExecutable(file) ? { file, home } : undefined;
  }
  const file = findProgram(['grafana'], env.PATH);
  if (file === undefined) {
    return undefined;
  }
  // Debian packages, Homebrew, an unpacked archive.
  const homes = ['/usr/share/grafana', join(dirname(dirname(file)), 'share', 'grafana'), dirname(dirname(file))];
  const found = homes.find((folder) => existsSync(join(folder, 'conf', 'defaults.ini')));
  return found === undefined ? undefined : { file, home: found };
}

export function grafana(options: GrafanaOptions): Service {
  return {
    name: 'grafana',
    title: 'Grafana',
    start: (context) => onFreePort(options.port, (port) => start(context, { ...options, port })),
  };
}

async function start(context: StackContext, { installation, port, prometheus }: GrafanaOptions): Promise<Running> {
  const folder = join(context.folder, 'grafana');
  const plugins = join(folder, 'plugins');
  await mkdir(plugins, { recursive: true });
  const provisioning = await writeProvisioning(join(folder, 'provisioning'), prometheus);
  const address = `http://${LOOPBACK}:${port}`;
  const child = new Child(
    {
      title: 'Grafana',
      name: 'grafana',
      file: installation.file,
      args: ['server', '--homepath', installation.home],
      env: {
        GF_PATHS_DATA: join(folder, 'data'),
        GF_PATHS_LOGS: join(folder, 'log'),
        GF_PATHS_PLUGINS: plugins,
        GF_PATHS_PROVISIONING: provisioning,
        GF_SERVER_HTTP_ADDR: LOOPBACK,
        GF_SERVER_HTTP_PORT: String(port),
        GF_SERVER_ROOT_URL: `${address}/`,
        GF_LOG_MODE: 'console',
        ...lookOnly(),
        ...quietAtHome,
      },
      advice: 'Everything else goes on without dashboards. End the demo and start it again.',
    },
    context,
  );
  await child.ready(`${address}/api/health`, PATIENCE_MS);
  return { address, stop: () => child.stop() };
}

/** Every user of this machine may view dashboards; the administrator's password is random. */
function lookOnly() {
  return {
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_SECURITY_ADMIN_PASSWORD: randomBytes(18).toString('base64url'),
    GF_SECURITY_DISABLE_GRAVATAR: 'true',
  };
}

/** The demo sends no requests to other hosts. */
const quietAtHome = {
  GF_ANALYTICS_ENABLED: 'false',
  GF_ANALYTICS_REPORTING_ENABLED: 'false',
  GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
  GF_NEWS_NEWS_FEED_ENABLED: 'false',
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: 'false',
  GF_PLUGINS_PREINSTALL_DISABLED: 'true',
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
  GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
} as const;
