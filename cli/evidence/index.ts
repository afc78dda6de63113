import { Command } from 'commander';
import { checkEvidenceProofCommand } from './check-proof.js';
import { exportCommand } from './export.js';
import { proveEvidenceCommand } from './prove.js';
import { showEvidenceCommand } from './show.js';
import { tablesCommand } from './tables.js';
import { verifyEvidenceCommand } from './verify.js';

/** `kop evidence`: what compliance controls were, for people who have to rely on it. */
export function evidenceCommand(): Command {
  const evidence = new Command('evidence')
    .summary('show, export, verify and prove evaluations of compliance controls')
    .description('Shows what controls were, exports and verifies the evidence, and proves single evaluations.')
    .addHelpText('after', '\ndocs/evidence.md says what is kept, what a seal shows, and what it does not.');
  for (const verb of [
    showEvidenceCommand(),
    exportCommand(),
    verifyEvidenceCommand(),
    proveEvidenceCommand(),
    checkEvidenceProofCommand(),
    tablesCommand(),
  ]) {
    evidence.addCommand(verb);
  }
  return evidence;
}
