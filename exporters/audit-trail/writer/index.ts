/** The writer: SQL that `kop audit install` prints. Nothing here ever runs it. */
export { type InstallOptions, installSql, type WriterScope } from './install.js';
export { uninstallSql } from './uninstall.js';
export { upgradeSql } from './upgrade.js';
