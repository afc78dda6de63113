import { randomBytes } from 'node:crypto';
import { Server as HttpsServer } from 'node:https';
import express, { type ErrorRequestHandler, type Express } from 'express';
import pg from 'pg';
import type { PathStyle } from '../../pack/index.js';
import { adminApp } from './admin.js';
import { ADVISER_EMAIL, BCRYPT_COST, PROBE_EMAIL, setPassword } from './auth/accounts.js';
import { Tokens } from './auth/jwt.js';
import { PortalPool } from './database/pool.js';
import { PortalEncryption } from './encryption/portal-encryption.js';
import { faultyAnswers } from './faults/answers.js';
import { auditTrailFaults } from './faults/environment/audit-trail.js';
import type { DatabaseControl } from './faults/environment/environment.js';
import { realEnvironment } from './faults/environment/real.js';
import { registerFaults } from './faults/environment/registers.js';
import { restoreHidden } from './faults/environment/table-missing.js';
import { FaultRegistry } from './faults/registry.js';
import type { RuleInput } from './faults/rule.js';
import { ScenarioRunner } from './faults/scenario.js';
import { send } from './http/delivery.js';
import { dispatcher, INTERNAL_SERVER_ERROR } from './http/dispatch.js';
import { closeServer, listen, serverFor } from './http/listen.js';
import { inStyle, RouteTable } from './http/routing.js';
import { CertificateSwitch, type KeyPair, selfSigned } from './http/tls.js';
import { pageRoutes } from './routes/docs.js';
import { apiRoutes } from './routes/index.js';
import { seed } from './schema/seed.js';
import { Slots } from './slots.js';
import { CompanyIrrCache, type DemoPortalState } from './state.js';
import { DATABASE_CORES } from './timings.js';

export interface PortalOptions {
  readonly databaseUrl: string;
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  readonly adminToken?: string;
  /** `underscore` is the main branch, `kebab` is phase_2; the other style's paths are 404. */
  readonly pathStyle?: PathStyle;
  readonly scale?: number;
  readonly tls?: KeyPair | 'self-signed';
  readonly faults?: readonly RuleInput[];
  /** Seed of the dice that decide whether and how faults strike. */
  readonly randomSeed?: number;
  /** Start with empty caches, as after a restart: the first home dashboard then stalls the portal. */
  readonly coldStart?: boolean;
  readonly probePassword?: string;
  readonly adviserPassword?: string;
  /** Of bcrypt. By default what it costs in the portal; whoever logs in often, and not to see that, takes less. */
  readonly passwordCost?: number;
  /** Given, "database down" really stops the server; otherwise the portal really loses its way to it. */
  readonly databaseControl?: DatabaseControl;
  /** Of a superuser, for faults in the audit trail, which no role of the portal's could cause. */
  readonly adminDatabaseUrl?: string;
  readonly log?: (message: string) => void;
}

export interface DemoPortal {
  readonly url: string;
  readonly adminUrl: string;
  readonly probeEmail: string;
  readonly probePassword: string;
  readonly adviserEmail: string;
  readonly adviserPassword: string;
  readonly faults: FaultRegistry;
  readonly scenarios: ScenarioRunner;
  /** Clears every fault, ends every connection, and leaves the database as a healthy portal would. */
  close(): Promise<void>;
}

const SELF_SIGNED_DAYS = 90;
/** What the calculation leaves in the cache; a portal in the middle of its day has it. */
const TYPICAL_COMPANY_IRR = 5.48;

export async function startPortal(options: PortalOptions): Promise<DemoPortal> {
  const { databaseUrl, databaseControl, log = () => undefined } = options;
  const probePassword = options.probePassword ?? randomBytes(12).toString('base64url');
  const adviserPassword = options.adviserPassword ?? randomBytes(12).toString('base64url');
  await prepareDatabase(options, probePassword, adviserPassword);

  const table = routesOf(options);
  const state = portalState(options, table);
  const tls = options.tls === 'self-signed' ? await selfSigned(SELF_SIGNED_DAYS) : options.tls;
  const app = express();
  const server = serverFor(app, tls);
  const certificate = server instanceof HttpsServer && tls ? new CertificateSwitch(server, tls) : undefined;
  const { pool, tokens, encryption } = state;
  const environment = realEnvironment({
    databaseUrl,
    pool,
    tokens,
    certificate,
    databaseControl,
    encryption,
    auditTrail: auditTrailFaults(options.adminDatabaseUrl),
    registers: registerFaults(options.adminDatabaseUrl),
  });
  const faults = new FaultRegistry(environment, options.randomSeed ?? 1, log);
  const scenarios = new ScenarioRunner(faults, log);
  fillApp(app, faults, state, table);
  const admin = serverFor(adminApp({ faults, scenarios, token: options.adminToken }), undefined);

  const close = async () => {
    await closeServer(admin);
    await scenarios.stop();
    await faults.clear();
    await encryption.stop();
    await closeServer(server);
    await pool.close();
  };
  try {
    await pool.warmUp();
    await encryption.prepare();
    encryption.start();
    for (const rule of options.faults ?? []) {
      await faults.set(rule);
    }
    const url = await listen(server, options.host ?? '127.0.0.1', options.port ?? 0);
    const adminUrl = await listen(admin, '127.0.0.1', options.adminPort ?? 0);
    log(`portal on ${url}, faults on ${adminUrl}/admin`);
    const accounts = { probeEmail: PROBE_EMAIL, probePassword, adviserEmail: ADVISER_EMAIL, adviserPassword };
    return { url, adminUrl, ...accounts, faults, scenarios, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function routesOf({ pathStyle = 'underscore' }: PortalOptions): RouteTable {
  return new RouteTable([...inStyle(apiRoutes, pathStyle), ...pageRoutes]);
}

function portalState(options: PortalOptions, { routes }: RouteTable): DemoPortalState {
  const companyIrr = new CompanyIrrCache();
  if (!options.coldStart) {
    companyIrr.fill(TYPICAL_COMPANY_IRR);
  }
  return {
    pool: new PortalPool(options.databaseUrl),
    tokens: new Tokens(),
    companyIrr,
    heavyWork: new Slots(DATABASE_CORES),
    routes,
    encryption: new PortalEncryption(options.databaseUrl),
  };
}

function fillApp(app: Express, faults: FaultRegistry, state: DemoPortalState, table: RouteTable): void {
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(faultyAnswers(faults));
  app.use(express.raw({ type: () => true, limit: '10mb' }));
  app.use(dispatcher(state, table));
  // Express would print a page with the stack; the portal says no more than this.
  const plainError: ErrorRequestHandler = (_error, _req, res, _next) => {
    if (!res.headersSent) {
      void send(res, INTERNAL_SERVER_ERROR);
    }
  };
  app.use(plainError);
}

async function prepareDatabase(options: PortalOptions, probePassword: string, adviserPassword: string): Promise<void> {
  await restoreHidden(options.databaseUrl);
  const client = new pg.Client({ connectionString: options.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await seed(client, options.scale === undefined ? {} : { scale: options.scale });
    const cost = options.passwordCost ?? BCRYPT_COST;
    await setPassword(client, PROBE_EMAIL, probePassword, cost);
    await setPassword(client, ADVISER_EMAIL, adviserPassword, cost);
  } finally {
    await client.end();
  }
}
