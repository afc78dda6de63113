import { z } from 'zod';

/** What the launcher and the portal's process say to each other. Secrets travel here, not on a command line. */
export const launcherMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    databaseUrl: z.string(),
    /** Whether the launcher can stop and start the database on our behalf. */
    ownsDatabase: z.boolean(),
    /** Of a superuser, where the server is the demo's own. */
    adminDatabaseUrl: z.string().optional(),
    port: z.number(),
    adminPort: z.number(),
    pathStyle: z.enum(['underscore', 'kebab']),
    withTls: z.boolean(),
    scale: z.number().optional(),
    faults: z.array(z.unknown()),
  }),
  z.object({ type: z.literal('database-done'), id: z.number(), error: z.string().optional() }),
]);
export type LauncherMessage = z.infer<typeof launcherMessage>;
export type StartPortal = Extract<LauncherMessage, { type: 'start' }>;

export const portalMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    url: z.string(),
    adminUrl: z.string(),
    probeEmail: z.string(),
    probePassword: z.string(),
  }),
  z.object({ type: z.literal('database'), id: z.number(), action: z.enum(['stop', 'start']) }),
]);
export type PortalMessage = z.infer<typeof portalMessage>;
export type PortalReady = Extract<PortalMessage, { type: 'ready' }>;
