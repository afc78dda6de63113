import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of these programs that the PATH knows, as an absolute path. */
export function findProgram(names: readonly string[], path = process.env.PATH ?? ''): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of path.split(delimiter).filter(Boolean)) {
    for (const name of names) {
      for (const suffix of suffixes) {
        const file = join(folder, name + suffix);
        if (isExecutable(file)) {
          return file;
        }
      }
    }
  }
  return undefined;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** A program that the stack can do without, and how to get it. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  /** What is not shown without it. */
  readonly without: string;
  readonly howToGet: readonly string[];
}

const dockerInstead =
  'anywhere:       GRAFANA_ADMIN_PASSWORD=... POSTGRES_PASSWORD=... KINGSTON_PROBE_PASSWORD=... docker compose -f deploy/compose.yaml up   (the whole stack with the official images; choose the three passwords)';

export const prometheusTool: Tool = {
  name: 'prometheus',
  title: 'Prometheus',
  without: 'nothing is judged: no burn rates, no alerts',
  howToGet: [
    'Debian, Ubuntu: sudo apt-get install prometheus && sudo systemctl disable --now prometheus',
    'macOS:          brew install prometheus',
    dockerInstead,
  ],
};

export const alertmanagerTool: Tool = {
  name: 'alertmanager',
  title: 'Alertmanager',
  without: 'alerts fire in Prometheus, but nobody is told',
  howToGet: [
    'Debian, Ubuntu: sudo apt-get install prometheus-alertmanager && sudo systemctl disable --now prometheus-alertmanager',
    'macOS:          brew install alertmanager',
    dockerInstead,
  ],
};

export const grafanaTool: Tool = {
  name: 'grafana',
  title: 'Grafana',
  without: 'no dashboards',
  howToGet: [
    'Debian, Ubuntu: the archive from https://grafana.com/grafana/download, unpacked; then GRAFANA_HOME=/path/to/grafana npm start',
    'macOS:          brew install grafana',
    dockerInstead,
  ],
};
