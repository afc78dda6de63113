import { Command } from 'commander';
import { acceptEpochCommand } from './accept-epoch.js';
import { checkProofCommand } from './check-proof.js';
import { baselineCommand, maintenanceCommand } from './declare.js';
import { disposeCommand } from './dispose.js';
import { explainCommand } from './explain.js';
import { installCommand } from './install.js';
import { keygenCommand } from './keygen.js';
import { proveCommand } from './prove.js';
import { statusCommand } from './status.js';
import { verifyCommand } from './verify.js';

const guide = `
What is proven?           status, explain
Is it as it was sealed?   verify, prove, check-proof
Say what you know         baseline, maintenance, dispose, accept-epoch
Set up                    install, keygen

docs/audit-trail.md says what is claimed, what is not, and how to verify it without this program.`;

/** `kop audit`: commands for people who rely on an audit trail, and for auditors. */
export function auditCommand(): Command {
  const audit = new Command('audit')
    .summary('say what is proven of audit trails, verify them, prove single records')
    .description('Says what is proven of an audit trail, verifies it independently, and proves single records.')
    .addHelpText('after', guide);
  for (const verb of [
    statusCommand(),
    explainCommand(),
    verifyCommand(),
    proveCommand(),
    checkProofCommand(),
    baselineCommand(),
    maintenanceCommand(),
    disposeCommand(),
    acceptEpochCommand(),
    installCommand(),
    keygenCommand(),
  ]) {
    audit.addCommand(verb);
  }
  return audit;
}
