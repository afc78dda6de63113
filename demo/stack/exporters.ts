import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Pack, packageRoot, shippedPackPath } from '../../pack/index.js';
import type { MakeAddition } from './addition.js';
import { Child } from './child.js';
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

export interface RunningExporters extends Running {
  readonly missing: readonly Tool[];
}

const PATIENCE_MS = 60_000;

/** The exporters, as an operator runs them: `kop exporters` with the shipped description and a second file over it. */
export function exporters(options: ExportersOptions): Service<RunningExporters> {
  return {
    name: 'exporters',
    title: 'Exporters',
    start: (context) => onFreePort(options.port, (port) => start(context, { ...options, port })),
  };
}

async function start(context: StackContext, options: ExportersOptions): Promise<RunningExporters> {
  const { pack, portal, port, overlay } = options;
  const overlayFile = join(context.folder, 'overlay.yaml');
  await writeFile(overlayFile, overlayText(pack, { ...overlay, portalUrl: portal.address }));
  const additions = await Promise.all((options.additions ?? []).map((make) => make(context)));
  const files = additions.map(({ name, text }) => ({ file: join(context.folder, `${name}.yaml`), text }));
  for (const { file, text } of files) await writeFile(file, text);
  const child = new Child(
    {
      title: 'The exporters',
      name: 'exporters',
      file: process.execPath,
      args: [
        join(packageRoot(), 'dist', 'cli', 'kop.js'),
        'exporters',
        `--config.file=${resolve(shippedPackPath())}`,
        `--config.file=${overlayFile}`,
        ...files.map(({ file }) => `--config.file=${file}`),
        `--web.listen-address=${LOOPBACK}:${port}`,
      ],
      env: {
        KINGSTON_PROBE_EMAIL: portal.probeEmail,
        KINGSTON_PROBE_PASSWORD: portal.probePassword,
        ...Object.fromEntries(additions.flatMap(({ env }) => Object.entries(env))),
      },
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
    missing: additions.flatMap(({ missing }) => missing),
    stop: () => child.stop(),
  };
}
