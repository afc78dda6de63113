import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { packageRoot } from '../../pack/index.js';

/** The shipped provisioning, with this machine's folder of dashboards and the port of this run's Prometheus. */
export async function writeProvisioning(folder: string, prometheus: string | undefined): Promise<string> {
  await adapt(folder, 'dashboards', (document) => {
    document.setIn(['providers', 0, 'options', 'path'], join(packageRoot(), 'dashboards', 'json'));
  });
  await adapt(folder, 'datasources', (document) => {
    if (prometheus === undefined) {
      document.set('datasources', []);
    } else {
      document.setIn(['datasources', 0, 'url'], prometheus);
    }
  });
  return folder;
}

async function adapt(folder: string, kind: string, change: (document: Document) => void): Promise<void> {
  const shipped = await readFile(join(packageRoot(), 'dashboards', 'provisioning', `${kind}.yaml`), 'utf8');
  const document = parseDocument(shipped);
  change(document);
  await mkdir(join(folder, kind), { recursive: true });
  await writeFile(join(folder, kind, 'kop.yaml'), document.toString());
}
