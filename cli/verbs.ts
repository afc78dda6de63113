import type { Command } from 'commander';
import { errorCode } from '../exporters/runtime/error-code.js';
import { endWithNpm } from './parent.js';

export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/**
 * The commands of `kop`. A new command is an entry here; its module is loaded when needed, so that `kop check` does not
 * load a web server.
 */
export const verbs: readonly Verb[] = [
  {
    name: 'exporters',
    summary: 'measure, and serve the metrics to Prometheus',
    load: async () => {
      (await import('../exporters/runtime/signals.js')).holdSignals();
      endWithNpm();
      return (await import('./exporters.js')).exportersCommand();
    },
  },
  {
    name: 'check',
    summary: 'say whether a configuration can be used',
    load: async () => (await import('./check.js')).checkCommand(),
  },
  {
    name: 'build',
    summary: 'write alert rules and dashboards from a configuration',
    load: async () => (await import('./build.js')).buildCommand(),
  },
  {
    name: 'workflow',
    summary: 'run one workflow now, or make one of a browser recording',
    load: async () => (await import('./workflow.js')).workflowCommand(),
  },
  {
    name: 'audit',
    summary: 'say what is proven of audit trails, verify them, prove single records',
    load: async () => (await import('./audit/index.js')).auditCommand(),
  },
  {
    name: 'encryption',
    summary: 'time encryption providers now, or scan ciphertext columns',
    load: async () => (await import('./encryption/index.js')).encryptionCommand(),
  },
  {
    name: 'controls',
    summary: 'list, explain and test compliance controls',
    load: async () => (await import('./controls/index.js')).controlsCommand(),
  },
  {
    name: 'evidence',
    summary: 'show, export, verify and prove evaluations of compliance controls',
    load: async () => (await import('./evidence/index.js')).evidenceCommand(),
  },
  {
    name: 'healthcheck',
    summary: 'ask the exporter on this machine whether it is alive',
    load: async () => (await import('./healthcheck.js')).healthcheckCommand(),
  },
  {
    name: 'demo',
    summary: 'run everything on this machine, against a stand-in portal',
    load: async () => {
      endWithNpm();
      return (await demoModule()).demoCommand();
    },
  },
];

export class NotInstalled extends Error {
  override readonly name = 'NotInstalled';
}

/** The demo is part of the repository but not of an installed package, because it includes a database server. */
async function demoModule(): Promise<typeof import('./demo.js')> {
  try {
    return await import('./demo.js');
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new NotInstalled(
      'the demo, or a package that it needs, is not installed here; clone the repository, then run: npm ci && npm start',
      { cause: error },
    );
  }
}
