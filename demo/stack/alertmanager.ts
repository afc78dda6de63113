import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isScalar, parseDocument, visit } from 'yaml';
import { packageRoot } from '../../pack/index.js';
import { Child } from './child.js';
import { LOOPBACK, onFreePort } from './ports.js';
import type { Running, Service, StackContext } from './service.js';

export interface AlertmanagerServiceOptions {
  /** The program, as found on the PATH. */
  readonly file: string;
  readonly port: number;
  readonly webhookUrl: string;
  /** All waits at most this long. */
  readonly notifySeconds?: number;
}

const PATIENCE_MS = 30_000;

export function alertmanager(options: AlertmanagerServiceOptions): Service {
  return {
    name: 'alertmanager',
    title: 'Alertmanager',
    start: (context) => onFreePort(options.port, (port) => start(context, { ...options, port })),
  };
}

async function start(context: StackContext, options: AlertmanagerServiceOptions): Promise<Running> {
  const { file, port, webhookUrl, notifySeconds } = options;
  const folder = join(context.folder, 'alertmanager');
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'alertmanager.yml');
  const shipped = await readFile(join(packageRoot(), 'alert-rules', 'alertmanager', 'alertmanager.yaml'), 'utf8');
  await writeFile(config, adapted(shipped, webhookUrl, notifySeconds));
  const address = `http://${LOOPBACK}:${port}`;
  const child = new Child(
    {
      title: 'Alertmanager',
      name: 'alertmanager',
      file,
      args: [
        `--config.file=${config}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=${LOOPBACK}:${port}`,
        `--web.external-url=${address}`,
        // Alone, and without a gossip port open to the network.
        '--cluster.listen-address=',
      ],
      advice: 'Alerts still fire in Prometheus, but reach nobody. End the demo and start it again.',
    },
    context,
  );
  await child.ready(`${address}/-/ready`, PATIENCE_MS);
  return { address, stop: () => child.stop() };
}

/**
 * The shipped routes with the receiver of this run and, where asked for, shorter waits: the shipped ones are made for
 * people, who do not want a message every few seconds.
 */
export function adapted(config: string, webhookUrl: string, notifySeconds: number | undefined): string {
  const document = parseDocument(config);
  visit(document, {
    Pair(_key, pair) {
      const name = isScalar(pair.key) ? pair.key.value : undefined;
      if (name === 'url' && isScalar(pair.value)) {
        pair.value = document.createNode(webhookUrl + new URL(String(pair.value.value)).pathname);
      } else if (notifySeconds !== undefined && isWait(name) && isScalar(pair.value) && pair.value.value !== '0s') {
        pair.value = document.createNode(`${notifySeconds}s`);
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}

function isWait(name: unknown): boolean {
  return name === 'group_wait' || name === 'group_interval';
}
