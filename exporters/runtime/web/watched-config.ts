import { statSync } from 'node:fs';
import { describeError, type Logger } from '../log.js';
import { openWebConfig, readWebConfig, type WebConfig } from './config.js';

/** The source of the web configuration, read for each request and connection. */
export interface WebConfigSource {
  current(): WebConfig;
}

export const openSource: WebConfigSource = { current: () => openWebConfig };

/**
 * A web configuration file that is read again when it, or a certificate that it names, has changed. An invalid change
 * is logged once, and the last valid configuration stays in use: a typing error must not open a server. Nor may a file
 * that was emptied, or that is read when only half of it is written: whoever wants less protection restarts the exporter.
 */
export class WatchedWebConfig implements WebConfigSource {
  readonly #file: string;
  readonly #log: Logger;
  #config: WebConfig;
  #seen: string;

  /** @throws {InvalidWebConfig} when there is no valid configuration at the start. */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    this.#config = readWebConfig(file);
    this.#seen = stateOf(this.#config.files);
    this.#remark();
  }

  /** Four `stat` calls, about 20 µs: cheap enough to need no watcher, which misses changes on network drives. */
  current(): WebConfig {
    const { files } = this.#config;
    const state = stateOf(files);
    if (state === this.#seen) return this.#config;
    this.#seen = state;
    try {
      const next = readWebConfig(this.#file);
      const lost = protectionsLost(this.#config, next);
      if (lost.length > 0) {
        this.#log.error('web configuration not taken up; the old one stays in force', {
          file: this.#file,
          error: `it has no ${lost.join(' and no ')} any more. If that is meant, restart the exporter`,
        });
        return this.#config;
      }
      this.#config = next;
      // The file may still have been written while it was read; then the next request reads it again.
      this.#seen = stateOf(files) === state ? stateOf(this.#config.files) : 'changing';
      this.#log.info('web configuration taken up', { file: this.#file });
      this.#remark();
    } catch (error) {
      const reason = describeError(error).replaceAll('\n', ' | ');
      this.#log.error('web configuration cannot be used; the old one stays in force', { error: reason });
    }
    return this.#config;
  }

  #remark(): void {
    for (const remark of this.#config.remarks) this.#log.warn(remark, { file: this.#file });
  }
}

function protectionsLost(before: WebConfig, after: WebConfig): string[] {
  const needsCertificate = ({ tls }: WebConfig) => tls !== undefined && tls.clientAuth !== 'NoClientCert';
  return [
    ...(before.tls !== undefined && after.tls === undefined ? ['TLS (tls_server_config)'] : []),
    ...(before.users.size > 0 && after.users.size === 0 ? ['passwords (basic_auth_users)'] : []),
    ...(after.tls !== undefined && needsCertificate(before) && !needsCertificate(after)
      ? ['client certificates (client_auth_type)']
      : []),
  ];
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      try {
        const stat = statSync(file);
        return `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
      } catch (error) {
        // Removed, or in an unreadable folder: a change like any other.
        return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      }
    })
    .join(' ');
}
