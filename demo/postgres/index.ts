export { type DatabaseOptions, type DemoDatabase, demoDatabase } from './database.js';
export { DemoPostgresError } from './errors.js';
export type { StopMode } from './process.js';
export { type PostgresOptions, type PostgresServer, startPostgres } from './server.js';
