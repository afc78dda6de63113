import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { encryptionOverlay } from '../../../demo/portal/encryption/overlay.js';
import { type DemoPortal, startPortal } from '../../../demo/portal/index.js';
import { shippedPackPath } from '../../../pack/index.js';
import { type BorrowedServer, borrowPostgres } from '../postgres/borrowed.js';
import { ExporterProcess } from '../stack/exporter-process.js';
import { freePort } from './ports.js';

/** The demo portal on a real database, and `kop exporters` as a process of its own that measures its encryption. */
export interface EncryptionWorld {
  readonly server: BorrowedServer;
  readonly portal: DemoPortal;
  /** Series of field encryption by name and labels, without the common prefix and the portal. */
  series(): Promise<ReadonlyMap<string, number>>;
  /** Everything that it shows or writes: its pages, its log, its files. */
  outlets(): Promise<string>;
  close(): Promise<void>;
}

/** A promise that a busy machine keeps all the same; a fault has to be slower. */
export const PROMISED_MS = 200;

export async function startEncryptionWorld(): Promise<EncryptionWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'kop-encryption-world-'));
  const server = await borrowPostgres();
  const portal = await startPortal({ databaseUrl: server.url, passwordCost: 4 });
  const overlay = encryptionOverlay({
    databaseUrlEnv: 'KOP_TEST_SCAN_URL',
    stateDirectory: join(folder, 'state'),
    scanSeconds: 1,
  });
  const quick = {
    portals: { kingston: { baseUrl: portal.url, network: { proxy: 'none' } } },
    encryption: {
      kingston: {
        sla: `${PROMISED_MS}ms`,
        probe: { interval: '2s', timeout: '1500ms', samples: 2, sizes: ['16B'] },
        providers: { portal: { sla: `${PROMISED_MS}ms` } },
      },
    },
  };
  const files = [overlay, quick].map((content, index) => {
    const file = join(folder, `${index}.yaml`);
    writeFileSync(file, stringify(content));
    return file;
  });
  const exporter = new ExporterProcess({
    configFiles: [shippedPackPath(), ...files],
    port: await freePort(),
    env: {
      KOP_TEST_SCAN_URL: server.url,
      KINGSTON_PROBE_EMAIL: portal.probeEmail,
      KINGSTON_PROBE_PASSWORD: portal.probePassword,
    },
    names: ['encryption'],
  });
  await exporter.start();
  return {
    server,
    portal,
    async series() {
      return parsed(await (await fetch(`${exporter.address}/metrics`)).text());
    },
    async outlets() {
      const paths = ['/', '/metrics', '/-/ready', '/-/healthy'];
      const pages = await Promise.all(paths.map(async (path) => (await fetch(exporter.address + path)).text()));
      const state = join(folder, 'state');
      const written = readdirSync(state).map((file) => readFileSync(join(state, file), 'latin1'));
      return [...pages, exporter.log, ...written].join('\n');
    },
    async close() {
      await exporter.end('SIGTERM');
      await portal.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function parsed(page: string): ReadonlyMap<string, number> {
  return new Map(
    page
      .split('\n')
      .filter((line) => line.startsWith('field_encryption_') && !line.includes('_bucket{'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        const name = line.slice(0, at).replace('field_encryption_', '').replace('portal="kingston",', '');
        return [name, Number(line.slice(at + 1))] as const;
      }),
  );
}
