import { Command } from 'commander';
import { encryptionProbeCommand } from './probe.js';
import { encryptionScanCommand } from './scan.js';

/** `kop encryption`: runs the exporter's measurements once. */
export function encryptionCommand(): Command {
  return new Command('encryption')
    .summary('measure encryption providers, or look through ciphertext columns, now')
    .description('Measures encryption providers, or looks through ciphertext columns, once and now.')
    .addCommand(encryptionProbeCommand())
    .addCommand(encryptionScanCommand());
}
