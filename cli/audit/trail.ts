import type { Command } from 'commander';
import { kopCall } from '../../exporters/runtime/call.js';
import { unconnectedTrails } from '../../pack/audit-trail/connection.js';
import type { AuditTrail } from '../../pack/audit-trail/model.js';
import { loadPack } from '../../pack/index.js';
import { suggest } from '../../pack/reading/suggest.js';
import type { Seal } from '../../pack/sealing/model.js';
import { configFileOption } from '../config-file.js';

export interface TrailOptions {
  readonly 'config.file': readonly string[];
  readonly trail?: string;
}

/** What the operator can fix; the message says how. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

export function withTrailOptions(command: Command): Command {
  return command.option('--trail <name>', 'which trail (default: the only one there is)').addOption(configFileOption());
}

/** A command does not need every secret of a trail. A missing secret is reported where it is needed. */
export function allTrails(options: TrailOptions): readonly AuditTrail[] {
  return loadPack(options['config.file'], { requireSecrets: false }).auditTrails;
}

/** @throws {CannotRun} when there is no such trail, or more than one to choose from. */
export function chosenTrail(options: TrailOptions): AuditTrail {
  const all = allTrails(options);
  const names = all.map(({ name }) => name);
  if (all.length === 0) throw new CannotRun('the description has no audit trail; add one under auditTrails');
  if (options.trail === undefined) {
    const [only, ...others] = all;
    if (only === undefined || others.length > 0) throw new CannotRun(`name one with --trail: ${names.join(', ')}`);
    return only;
  }
  const named = all.find(({ name }) => name === options.trail);
  if (named !== undefined) return named;
  const meant = suggest(options.trail, names);
  const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean '${meant}'?`;
  throw new CannotRun(`there is no audit trail '${options.trail}'; ${hint}`);
}

export type SealedTrail = AuditTrail & { readonly seal: Seal };

export function sealedTrail(options: TrailOptions): SealedTrail {
  const trail = chosenTrail(options);
  const { seal } = trail;
  if (seal === undefined) {
    throw new CannotRun(
      `trail ${trail.name} is not sealed, so there is nothing to verify or prove; describe seal: in its section of the ` +
        `configuration, and make a key with ${kopCall()} audit keygen`,
    );
  }
  return { ...trail, seal };
}

/** @throws {CannotRun} when no database is named yet. */
export function requireConnection(trail: AuditTrail): void {
  const [missing] = unconnectedTrails({ auditTrails: [trail] });
  if (missing === undefined) return;
  throw new CannotRun(
    `trail ${trail.name} is not connected: set ${missing.variables.join(' and ')} to postgres://USER@HOST/DATABASE, ` +
      'with a role that only reads',
  );
}
