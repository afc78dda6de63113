import type { Control } from '../../../pack/compliance/model/index.js';
import { describeError } from '../../runtime/log.js';
import type { CheckLook } from '../checks/look.js';
import { type CheckNeeds, openLook } from '../checks/open.js';
import { type CheckFinding, unknownFinding } from '../status/finding.js';
import { settle } from '../status/settling.js';

/** What is remembered of a control between two evaluations; a value that nobody changes. */
export interface ControlResult {
  readonly evaluatedAt: Date;
  /** By the name of the check, after hysteresis. */
  readonly findings: ReadonlyMap<string, CheckFinding>;
  /** Milliseconds, by the name of the check. */
  readonly failingSince: ReadonlyMap<string, number>;
  /** Checks whose code failed, which is a fault of ours. */
  readonly broken: readonly string[];
}

/** One control, ready to be evaluated again and again. */
export class ControlEvaluation {
  readonly control: Control;
  readonly #looks: ReadonlyMap<string, CheckLook>;

  constructor(control: Control, needs: CheckNeeds) {
    this.control = control;
    this.#looks = new Map(
      control.checks.flatMap((check) => {
        const look = openLook(check, control, needs);
        return look === undefined ? [] : [[check.name, look] as const];
      }),
    );
  }

  /**
   * Looks at all checks at once. One that fails or does not end in time is unknown and spoils no other.
   *
   * @throws only when `stopping` is aborted.
   */
  async run(
    before: Pick<ControlResult, 'failingSince'> | undefined,
    stopping: AbortSignal,
    clock: () => Date,
  ): Promise<ControlResult> {
    const { checks, timeoutMs } = this.control;
    const now = clock();
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([stopping, deadline]);
    const broken: string[] = [];
    const found = await Promise.all(
      checks.flatMap((check) => {
        const look = this.#looks.get(check.name);
        return look === undefined
          ? []
          : [within(look, { signal, now }, deadline, timeoutMs, () => broken.push(check.name))];
      }),
    );
    stopping.throwIfAborted();
    const looked = checks.filter(({ name }) => this.#looks.has(name));
    const settled = looked.map((check, index) =>
      settle(check, found[index] ?? unknownFinding('', 'not looked at'), before?.failingSince.get(check.name), now),
    );
    return {
      evaluatedAt: now,
      findings: new Map(looked.map(({ name }, index) => [name, settled[index]?.finding ?? unknownFinding('', '')])),
      failingSince: new Map(
        looked.flatMap(({ name }, index) => {
          const since = settled[index]?.failingSince;
          return since === undefined ? [] : [[name, since] as const];
        }),
      ),
      broken,
    };
  }
}

/** A look that does not heed its signal must not keep the others waiting. */
async function within(
  look: CheckLook,
  context: { readonly signal: AbortSignal; readonly now: Date },
  deadline: AbortSignal,
  timeoutMs: number,
  onBroken: () => void,
): Promise<CheckFinding> {
  let late = (): void => undefined;
  const ended = new Promise<CheckFinding>((resolve) => {
    late = () => resolve(unknownFinding('', `no answer within ${timeoutMs / 1000} s`));
    context.signal.addEventListener('abort', late, { once: true });
  });
  try {
    return await Promise.race([look(context), ended]);
  } catch (error) {
    if (deadline.aborted || context.signal.aborted) return unknownFinding('', `no answer within ${timeoutMs / 1000} s`);
    onBroken();
    return unknownFinding('', `the check itself failed: ${describeError(error)}`);
  } finally {
    context.signal.removeEventListener('abort', late);
  }
}
