import type { EvidenceStore, StatusTransition, StoredEvaluation } from '../store/store.js';

const PAGE = 1000;

/**
 * The transitions that follow from the evaluations. The store lists them so that history can be shown fast, and the list
 * itself is not sealed: what it says must be what the sealed evaluations say.
 */
export class StatusChanges {
  readonly #last = new Map<string, string>();
  /** By the number of the evaluation. */
  readonly #owed = new Map<number, string>();
  /** The first evaluations that a disposal left: what was before them is not known. */
  readonly #possible = new Map<number, string>();
  #first: number | undefined;

  add({ number, document }: StoredEvaluation): void {
    this.#first ??= number;
    const series = seriesOf(document);
    const now = `${series} ${document.raw} ${document.effective}`;
    const before = this.#last.get(series);
    if (before === undefined && this.#first > 1) this.#possible.set(number, now);
    else if (before !== now) this.#owed.set(number, now);
    this.#last.set(series, now);
  }

  /**
   * @param upTo the last sealed evaluation.
   * @returns numbers of evaluations at which the list says something else, ascending.
   */
  async differing(evidence: EvidenceStore, upTo: number): Promise<readonly number[]> {
    const listed = new Map<number, string>();
    for (let before = upTo + 1; before > 0; ) {
      const page = await evidence.transitions({}, PAGE, before);
      for (const transition of page) listed.set(transition.number, said(transition));
      before = page.at(-1)?.number ?? 0;
    }
    const wrong = [...listed].flatMap(([number, text]) =>
      text === (this.#owed.get(number) ?? this.#possible.get(number)) ? [] : [number],
    );
    const lost = [...this.#owed.keys()].filter((number) => !listed.has(number));
    return [...wrong, ...lost].sort((a, b) => a - b);
  }
}

function said(transition: StatusTransition): string {
  return `${seriesOf(transition)} ${transition.raw} ${transition.effective}`;
}

function seriesOf({ board, control }: { readonly board: string; readonly control: string }): string {
  return JSON.stringify([board, control]);
}
