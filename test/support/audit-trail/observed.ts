import { afterAll, afterEach, beforeAll } from 'vitest';
import {
  type AuditFixture,
  auditFixture,
  borrowAuditServer,
  type FixtureOptions,
  type Watching,
  watch,
} from './fixture.js';

/** What the tests of one file observe: each its own audited database, watched as it asks. */
export interface Observed {
  /** Of the test in progress, once it has prepared it. */
  readonly fixture: AuditFixture;
  readonly watching: Watching;
  prepare(options?: FixtureOptions): Promise<AuditFixture>;
  watch(options?: Parameters<typeof watch>[1]): Watching;
}

/** Borrows a server for the file or the block that calls it, and clears away after each test. */
export function observed(major?: number): Observed {
  let server: Awaited<ReturnType<typeof borrowAuditServer>>;
  let fixture: AuditFixture;
  let watching: Watching;
  beforeAll(async () => {
    server = await borrowAuditServer(major);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    await watching.close();
    await fixture.close();
  });
  return {
    get fixture() {
      return fixture;
    },
    get watching() {
      return watching;
    },
    async prepare(options) {
      fixture = await auditFixture(server, options);
      return fixture;
    },
    watch(options) {
      watching = watch(fixture, options);
      return watching;
    },
  };
}
