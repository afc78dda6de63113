import { join } from 'node:path';
import { type Pack, packageRoot } from '../../pack/index.js';
import type { MakeAddition } from './addition.js';
import { Child } from './child.js';
import { writeDescription } from './description.js';
import { type OverlayOptions, overlayText } from './overlay.js';
import type { RunningPortal } from './portal.js';
import { LOOPBACK, onFreePort } from './ports.js';
import type { Running, Service, StackContext } from './service.js';
import type { Tool } from './tools.js';

export interface ExportersOptions {
  readonly pack: Pack;
  readonly portal: RunningPortal;
  readonly port: number;
  readonly overlay: Omit<OverlayOptions, 'portalUrl'>;
  /** In this order, each over what came before. */
  readonly additions?: readonly MakeAddition[];
}

export interface DemoExporters extends Running {
  /** For `--config.file` of every command. */
  readonly config: string;
  readonly stateDirectory: string;
  /** What commands need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly missing: readonly Tool[];
}

const PATIENCE_MS = 60_000;

/** The exporters, as an operator runs them: `kop exporters` with the shipped description and a second file over it. */
export function exportersService(options: ExportersOptions): Service<DemoExporters> {
  return {
    name: 'exporters',
    title: 'Exporters',
    start: (context) => onFreePort(options.port, (port) => start(context, { ...options, port })),
  };
}

async function start(context: StackContext, options: ExportersOptions): Promise<DemoExporters> {
  const { pack, portal, port, overlay } = options;
  const additions = await Promise.all((options.additions ?? []).map((make) => make(context)));
  const demo = { name: 'demo', text: overlayText(pack, { ...overlay, portalUrl: portal.address }) };
  const config = await writeDescription(context.folder, [demo, ...additions], {
    KINGSTON_PROBE_EMAIL: portal.probeEmail,
    KINGSTON_PROBE_PASSWORD: portal.probePassword,
    ...Object.fromEntries(additions.flatMap(({ secrets }) => Object.entries(secrets))),
  });
  const env = Object.fromEntries(additions.flatMap((addition) => Object.entries(addition.env)));
  const stateDirectory = join(context.folder, 'state');
  const child = new Child(
    {
      title: 'The exporters',
      name: 'exporters',
      file: process.execPath,
      args: [
        join(packageRoot(), 'dist', 'cli', 'kop.js'),
        'exporters',
        `--config.file=${config}`,
        `--web.listen-address=${LOOPBACK}:${port}`,
        `--state-directory=${stateDirectory}`,
      ],
      env,
      advice: 'End the demo and start it again; if it happens again, report the lines above.',
    },
    context,
  );
  const address = `http://${LOOPBACK}:${port}`;
  // Healthy, not ready: the warm-up runs go on while the rest of the stack starts.
  await child.ready(`${address}/-/healthy`, PATIENCE_MS);
  return {
    address,
    detail: `${pack.workflows.length} workflows`,
    config,
    stateDirectory,
    env,
    missing: additions.flatMap(({ missing }) => missing),
    stop: () => child.stop(),
  };
}
