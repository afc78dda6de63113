import type { Router } from 'express';
import type { ComplianceBoard } from '../../pack/compliance/model/index.js';
import type { Pack } from '../../pack/index.js';
import { type Collector, noData } from '../runtime/collector.js';
import type { Exporter, ExporterFactory } from '../runtime/exporter.js';
import { mergeFamilies } from '../runtime/metrics/merge.js';
import { mountApi } from './api/router.js';
import { BoardExporter } from './board-exporter.js';

/** Name of the exporter, and of its folder in the state directory. */
export const COMPLIANCE = 'compliance';

/** Longest wait for readiness when a source hangs. */
const FIRST_RESULTS_WITHIN_MS = 30_000;

/** What a board depends on. While it is the same, a reload does not interrupt its evaluations. */
interface RunningBoard {
  readonly exporter: BoardExporter;
  readonly configuration: string;
}

/** Evaluates the controls of boards. Wiring only. */
export const createComplianceExporter: ExporterFactory = (deps): Exporter => {
  const running = new Map<string, RunningBoard>();
  let isStarted = false;
  let startedAt = Number.POSITIVE_INFINITY;
  const all = () => [...running.values()].map(({ exporter }) => exporter);

  const boards: Collector = {
    name: 'compliance',
    collect() {
      if (running.size === 0) return noData('no board belongs to this process');
      return mergeFamilies(all().flatMap((board) => board.families())).families;
    },
  };
  /** Apart, so that the states, which are unknown then, stay on the page. */
  const evidence: Collector = {
    name: 'compliance-evidence',
    collect() {
      const problems = all().flatMap(({ board, problem }) =>
        problem === undefined ? [] : [`${board.name}: ${problem}`],
      );
      if (isStarted && problems.length > 0) throw new Error(problems.join('; '));
      return [];
    },
  };

  return {
    name: COMPLIANCE,
    domain: 'Compliance',
    collectors: [boards, evidence],
    async configure(pack) {
      const folder = deps.state.folder(COMPLIANCE);
      const own = pack.compliance.filter(({ name }) => deps.shard.owns(name));
      if (own.length > 0) await folder.use();
      const wanted = new Map(own.map((board) => [board.name, configurationOf(board, pack)]));
      const ended = [...running].filter(([name, { configuration }]) => wanted.get(name) !== configuration);
      // Two evaluations of one board would write to the same evidence, so the old one ends first.
      await Promise.all(ended.map(([, { exporter }]) => exporter.stop()));
      for (const [name] of ended) running.delete(name);
      for (const board of own) {
        if (running.has(board.name)) continue;
        const exporter = new BoardExporter(board, pack, { ...deps, state: folder });
        running.set(board.name, { exporter, configuration: wanted.get(board.name) ?? '' });
        if (isStarted) await exporter.start();
      }
    },
    async start() {
      isStarted = true;
      startedAt = performance.now();
      await Promise.all(all().map((board) => board.start()));
    },
    ready() {
      const isLate = performance.now() - startedAt > FIRST_RESULTS_WITHIN_MS;
      const waiting = all().filter(({ progress }) => progress.evaluated < progress.of);
      if (isLate || waiting.length === 0) return { ready: true };
      const [first] = waiting;
      const { evaluated, of } = first?.progress ?? { evaluated: 0, of: 0 };
      return { ready: false, reason: `${evaluated} of ${of} controls of ${first?.board.name} have been evaluated` };
    },
    mount(router: Router) {
      mountApi(router, {
        controls: () => all().flatMap((board) => board.details()),
        evidence: (name) =>
          (name === undefined && running.size === 1 ? all()[0] : running.get(name ?? '')?.exporter)?.evidence,
        now: () => new Date(),
      });
    },
    sections: () => all().map((board) => board.section()),
    async stop() {
      isStarted = false;
      await Promise.all(all().map((board) => board.stop()));
    },
  };
};

/** Secrets print as `<secret>` and are read when they are needed, so that a rotated one needs no restart. */
function configurationOf(board: ComplianceBoard, { portals, calendars }: Pick<Pack, 'portals' | 'calendars'>): string {
  return JSON.stringify([board, portals.find(({ name }) => name === board.portal), calendars]);
}
