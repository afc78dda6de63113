import { Option } from 'commander';

/** Of every verb that reads a description. */
export function configFileOption(): Option {
  return new Option('--config.file <path>', 'configuration file or folder; repeat it to merge several, later ones win')
    .argParser((path: string, before: readonly string[]) => [...before, path])
    .default([], 'the description that comes with the pack');
}
