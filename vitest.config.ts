import { createHash } from 'node:crypto';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Printed when the run starts; `npm test -- --sequence.seed=N` gives the same order again. */
const seed = Number(process.env.KOP_TEST_SEED ?? Date.now() % 1_000_000);

const shared = {
  environment: 'node',
  pool: 'forks',
  setupFiles: ['test/support/stack/state-home.ts'],
  // Files share processes, and what those have loaded: a process for each would spend a fifth of the run on loading. So a
  // file gives back what it changes in its process.
  isolate: false,
  // No test and no file may lean on one that ran before it.
  sequence: { shuffle: true },
};

/** Of their project they take the longest. Begun last, they would keep one worker busy while the others have nothing to do. */
const longest = ['demo-portal', 'workflow-exam', 'sample-domain', 'runtime-cli', 'promtool/encryption']
  .map((name) => `test/contract/${name}.test.ts`)
  .concat(['faults', 'apart', 'components', 'seal/crash'].map((name) => `test/faults/audit-trail/${name}.test.ts`))
  .concat(['demo', 'first-turn'].map((name) => `test/stack/${name}.test.ts`))
  .concat(
    ['observer/faults', 'observer/checks/counters/unaccounted', 'observer/checks', 'writer/writer'].map(
      (name) => `test/integration/exporters/audit-trail/${name}.test.ts`,
    ),
  );

/**
 * In an order by chance, which the seed gives again, but for those. Files that need a process of their own come together:
 * when one of them is next, Vitest ends the process that the others share, and the one after it would load everything again.
 */
class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = (path: string) => longest.some((name) => path.endsWith(name));
    const turn = ({ moduleId, project }: TestSpecification) => (project.config.isolate ? 2 : isLong(moduleId) ? 0 : 1);
    const place = (file: TestSpecification) =>
      `${turn(file)} ${createHash('sha256').update(`${seed} ${file.moduleId}`).digest('hex')}`;
    return Promise.resolve([...files].sort((a, b) => (place(a) < place(b) ? -1 : 1)));
  }
}

/** Faults whose tests measure how long something takes. */
const timed = [
  'test/faults/workflow/{thread,flood}.test.ts',
  'test/faults/encryption/demo-portal.test.ts',
  'test/faults/encryption/probe/{threads,providers}.test.ts',
];

/** Faults whose tests wait until a thread has died or fallen silent, and is started again; they measure nothing. */
const waiting = ['test/faults/workflow/dying-thread.test.ts', 'test/faults/encryption/probe/dying-threads.test.ts'];

/**
 * Name look-ups cannot be cancelled: one that a test began is under way for seconds after its file, and would delay the
 * look-ups of the next file in the same process. Three files of the folder look nothing up.
 */
const lookups = ['test/integration/exporters/workflow/http/!(expect|json-size|text).test.ts'];

/** For two cores: tests that wait share them, and whatever measures time has them to itself afterwards. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/stack/run-folder.ts', 'test/support/postgres/lending.ts'],
    // Also here, because only here it makes Vitest print the seed.
    sequence: { ...shared.sequence, seed, sequencer: LongestFirst },
    slowTestThreshold: 2_000,
    teardownTimeout: 20_000,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: [...shared.setupFiles, 'test/support/runner/starts-nothing.ts'],
          maxWorkers: 2,
          // Nothing in them waits; on a busy machine they take their time.
          testTimeout: 60_000,
          sequence: { ...shared.sequence, groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'integration',
          // Whatever no other project takes, so that a new folder is never left out in silence. Most of it waits for a server
          // or a process now and then: two at a time keep two cores half busy.
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**', 'test/faults/**', 'test/browser/**', 'test/stack/**', ...lookups],
          maxWorkers: 3,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { ...shared.sequence, groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'lookups',
          isolate: true,
          include: lookups,
          maxWorkers: 3,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { ...shared.sequence, groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          // They wait more than they work, the soak beside the fifty faults most of all.
          name: 'faults',
          include: ['test/faults/**/*.test.ts', 'test/browser/**/*.test.ts'],
          exclude: [...timed, ...waiting],
          maxWorkers: 3,
          testTimeout: 60_000,
          hookTimeout: 90_000,
          sequence: { ...shared.sequence, groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          name: 'timed',
          // What one measures must not be what another one left.
          isolate: true,
          include: timed,
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 90_000,
          sequence: { ...shared.sequence, groupOrder: 3 },
        },
      },
      {
        test: {
          ...shared,
          name: 'stack',
          include: ['test/stack/**/*.test.ts', ...waiting],
          // Two are whole stacks, which mostly wait for the next scrape.
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { ...shared.sequence, groupOrder: 4 },
        },
      },
    ],
  },
});
