/** The life of an alert as one row: what goes wrong, how soon it must be told, what must not raise it. */
import { type Difference, type DrawnPhase, draw, type Lines } from './draw.js';
import { type AlertScenario, fires, isQuiet, sent } from './scenario.js';

type Labels = Readonly<Record<string, string>>;

export interface Life<G extends string, C extends string, T extends string> {
  readonly alert: string;
  /** Continues "fires when". */
  readonly when: string;
  readonly wrong: Difference<G, C, T>;
  /** Minutes after which it fires, and until which it does not. */
  readonly firesWithin: number;
  readonly quietUntil?: number;
  /** Minutes of the fault; longer than `firesWithin`. */
  readonly lasts?: number;
  /** Minutes after the mending by which it has ended. */
  readonly healsWithin?: number;
  /** What has to be done before it is well again; counted to `healsWithin`. */
  readonly mending?: readonly DrawnPhase<G, C, T>[];
  /** Healthy minutes before. */
  readonly lead?: number;
  /** Labels that the expression brings. */
  readonly labels: Labels;
  /** Labels of the rule that tell one of several of this name. */
  readonly rule?: Labels;
  /** As the description prints it. */
  readonly value?: string;
  /** Continues "stays quiet". */
  readonly quiet: readonly (readonly [when: string, phases: readonly DrawnPhase<G, C, T>[]])[];
}

export function lifeOf(
  lines: Lines<string, string, string>,
  life: Life<string, string, string>,
): readonly AlertScenario[] {
  const { alert, firesWithin, quietUntil, lead = 30, healsWithin = 3, lasts = firesWithin + 10, rule = {} } = life;
  const at = lead + firesWithin;
  const end = lead + lasts;
  return [
    {
      name: `${alert}: fires when ${life.when}, and recovers`,
      series: draw(lines, [
        { minutes: lead },
        { ...life.wrong, minutes: lasts },
        ...(life.mending ?? []),
        { minutes: healsWithin + 5 },
      ]),
      queries: [
        isQuiet(alert, lead - 1, rule),
        ...(quietUntil === undefined ? [] : [isQuiet(alert, lead + quietUntil, rule)]),
        fires(alert, at, rule),
        isQuiet(alert, end + healsWithin, rule),
      ],
      sent: [sent(alert, at, life.labels, life.value, rule)],
    },
    ...life.quiet.map(([when, phases]): AlertScenario => {
      const total = phases.reduce((sum, { minutes }) => sum + minutes, 0);
      const step = Math.max(1, Math.floor(total / 8));
      const looks = Array.from({ length: 8 }, (_unused, index) => Math.min(total - 1, (index + 1) * step));
      return {
        name: `${alert}: stays quiet ${when}`,
        series: draw(lines, phases),
        queries: [...new Set(looks)].map((minute) => isQuiet(alert, minute, rule)),
      };
    }),
  ];
}
