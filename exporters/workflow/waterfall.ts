import { type StepPhase, stepPhases } from '../../pack/portal/outcomes.js';
import { formatBytes, formatMs } from '../runtime/format.js';
import { DEFAULT_IDENTITY } from '../runtime/portal/auth/session.js';
import type { LoginResult } from '../runtime/portal/step-failure.js';
import type { RunResult, RunVerdict, StepResult } from './result.js';

export interface WaterfallOptions {
  /** Characters across; at least 60. */
  readonly width: number;
  readonly paint: Paint;
}

export type Paint = (text: string, role: PaintRole) => string;

export type PaintRole = StepPhase | 'good' | 'bad' | 'warn' | 'dim' | 'bold';

export const plainWaterfall: WaterfallOptions = { width: 100, paint: (text) => text };

const LEAST_WIDTH = 60;
const TIME_WIDTH = 9;
const CELL_WIDTH = 8;

const glyphs: Record<StepPhase, string> = { dns: '░', connect: '▒', tls: '▓', send: '·', wait: '█', receive: '▄' };

const verdicts: Readonly<Record<RunVerdict, readonly [sign: string, role: PaintRole]>> = {
  met: ['✓', 'good'],
  missed: ['✗', 'bad'],
  uncertain: ['?', 'warn'],
};

/** A readable report of a run: one bar per step on a common time line, the time in each phase, and what failed. */
export function waterfall(result: RunResult, options: WaterfallOptions): string {
  const drawing = new Drawing(result, options);
  const parts = [drawing.headline(), drawing.bars(), drawing.table(), drawing.notes()];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}

class Drawing {
  readonly #result: RunResult;
  readonly #paint: Paint;
  readonly #width: number;
  readonly #nameWidth: number;
  readonly #barWidth: number;
  readonly #totalMs: number;

  constructor(result: RunResult, { width, paint }: WaterfallOptions) {
    this.#result = result;
    this.#paint = paint;
    this.#width = Math.max(LEAST_WIDTH, width);
    const longest = Math.max(4, ...result.steps.map(({ name }) => name.length));
    this.#nameWidth = Math.min(longest, Math.floor(this.#width / 4));
    this.#barWidth = this.#width - this.#barStart;
    this.#totalMs = Math.max(0.001, result.durationSeconds * 1000);
  }

  headline(): string[] {
    const { workflow, portal, verdict, durationSeconds, slaSeconds } = this.#result;
    const [sign, role] = verdicts[verdict];
    const name = this.#paint(`${workflow} on ${portal}`, 'bold');
    const times = `${formatMs(durationSeconds * 1000)} of ${formatMs(slaSeconds * 1000)}`;
    return [`${this.#paint(sign, role)} ${name}   ${times}   SLA ${this.#paint(verdict, role)}`];
  }

  bars(): string[] {
    const { steps } = this.#result;
    return [...steps.flatMap((step, index) => this.#step(step, steps[index - 1])), this.#axis()];
  }

  /** The numbers for the picture; their header is also the legend. */
  table(): string[] {
    const measured = this.#result.steps.filter(({ phases }) => Object.keys(phases).length > 0);
    if (measured.length === 0) return [];
    const head = stepPhases.map((phase) => this.#paint(`${glyphs[phase]}${phase}`.padStart(CELL_WIDTH), phase));
    return [
      `${this.#paint('ms'.padEnd(this.#nameWidth), 'dim')} ${head.join(' ')}`,
      ...measured.map((step) => {
        const cells = stepPhases.map((phase) => this.#cell(step.phases[phase] ?? 0));
        return `${this.#name(step)} ${cells.join(' ')}`;
      }),
    ];
  }

  notes(): string[] {
    const { logins, tainted, latenessMs } = this.#result;
    const lines = logins.map((login) => this.#paint(this.#wrap(describeLogin(login), ''), 'dim'));
    if (!tainted) return lines;
    const disturbed = `This measurement was disturbed: the measuring thread was late by ${formatMs(latenessMs)}.`;
    return [...lines, this.#paint(this.#wrap(disturbed, ''), 'warn')];
  }

  get #barStart(): number {
    return this.#nameWidth + TIME_WIDTH + 3;
  }

  #step(step: StepResult, before: StepResult | undefined): string[] {
    if (step.outcome === 'skipped') {
      return [this.#paint(`${this.#name(step)} ${'skipped'.padStart(TIME_WIDTH)}`, 'dim')];
    }
    const line = `${this.#name(step)} ${formatMs(step.durationMs).padStart(TIME_WIDTH)}  ${this.#bar(step)}`;
    const facts = factsOf(step, before).join(' · ');
    return [
      line,
      ...(facts === '' ? [] : [this.#paint(this.#wrap(facts, '  '), 'dim')]),
      ...(step.outcome === 'failed' ? [this.#paint(this.#wrap(`✗ ${step.reason}: ${step.detail}`, '  '), 'bad')] : []),
    ];
  }

  /** Each phase from its beginning to its end, so that bars of different steps never overlap. */
  #bar(step: StepResult): string {
    const start = this.#column(step.offsetMs);
    let atMs = step.offsetMs;
    let at = start;
    let text = '';
    for (const phase of stepPhases) {
      atMs += step.phases[phase] ?? 0;
      const end = this.#column(atMs);
      text += this.#paint(glyphs[phase].repeat(end - at), phase);
      at = end;
    }
    const indent = ' '.repeat(Math.min(start, this.#barWidth - 1));
    return indent + (at > start ? text : this.#paint('▏', step.outcome === 'failed' ? 'bad' : 'wait'));
  }

  #column(ms: number): number {
    return Math.min(this.#barWidth, Math.round((ms / this.#totalMs) * this.#barWidth));
  }

  /** From 0 to the end, with a mark at the SLA if it was exceeded. */
  #axis(): string {
    const blank = ' '.repeat(this.#barStart);
    const end = formatMs(this.#result.durationSeconds * 1000);
    const mark = this.#slaMark(this.#barWidth - end.length);
    if (mark === undefined) return blank + this.#paint(`0${end.padStart(this.#barWidth - 1)}`, 'dim');
    const rest = end.padStart(this.#barWidth - mark.column - mark.text.length);
    return (
      blank + this.#paint('0'.padEnd(mark.column), 'dim') + this.#paint(mark.text, 'warn') + this.#paint(rest, 'dim')
    );
  }

  /** To the right of its arrow or, if there is no room, to the left; undefined if there is no room at all. */
  #slaMark(room: number): { readonly column: number; readonly text: string } | undefined {
    const slaMs = this.#result.slaSeconds * 1000;
    if (slaMs >= this.#totalMs) return undefined;
    const arrow = this.#column(slaMs);
    const label = `SLA ${formatMs(slaMs)}`;
    const right = { column: arrow, text: `▲ ${label}` };
    const left = { column: arrow - label.length - 1, text: `${label} ▲` };
    return [right, left].find(({ column, text }) => column >= 2 && column + text.length < room);
  }

  #name(step: StepResult): string {
    const { name } = step;
    return name.length > this.#nameWidth ? `${name.slice(0, this.#nameWidth - 1)}…` : name.padEnd(this.#nameWidth);
  }

  #cell(ms: number): string {
    if (ms === 0) return this.#paint('-'.padStart(CELL_WIDTH), 'dim');
    return ms.toFixed(ms < 10 ? 2 : ms < 1000 ? 1 : 0).padStart(CELL_WIDTH);
  }

  #wrap(text: string, indent: string): string {
    const lines: string[] = [];
    let line = '';
    for (const word of text.split(' ')) {
      if (line !== '' && indent.length + line.length + 1 + word.length > this.#width) {
        lines.push(indent + line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, indent + line].join('\n');
  }
}

/** Facts that an earlier step has already shown, such as the address, are not repeated. */
function factsOf(step: StepResult, before: StepResult | undefined): string[] {
  const news = Object.entries(step.facts).filter(
    ([key, value]) => key === 'status' || key === 'bytes' || before?.facts[key] !== value,
  );
  const facts = news.map(([key, value]) => (key === 'bytes' ? formatBytes(Number(value)) : `${key} ${value}`));
  return step.retries === 0 ? facts : [...facts, `${step.retries} ${step.retries === 1 ? 'retry' : 'retries'}`];
}

function describeLogin({ portal, identity, action, outcome, durationMs, detail }: LoginResult): string {
  const why = detail === undefined ? '' : `: ${detail}`;
  const who = identity === DEFAULT_IDENTITY ? '' : ` as ${identity}`;
  return `${action} on ${portal}${who}: ${outcome}, ${formatMs(durationMs)}, outside the SLA${why}`;
}
