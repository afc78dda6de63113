import { type Running, type Service, ServiceFailed, type StackContext, StartAbandoned } from './service.js';
import type { TableRow } from './table.js';
import type { Terminal } from './terminal.js';
import type { Tool } from './tools.js';

/** Starts services one after the other, remembers them, and stops them in the opposite order. */
export class Stack {
  readonly #context: StackContext;
  readonly #terminal: Terminal;
  readonly #running: { readonly title: string; readonly running: Running }[] = [];
  readonly #rows: TableRow[] = [];
  readonly #missing: Tool[] = [];

  constructor(context: StackContext, terminal: Terminal) {
    this.#context = context;
    this.#terminal = terminal;
  }

  get rows(): readonly TableRow[] {
    return this.#rows;
  }

  get missing(): readonly Tool[] {
    return this.#missing;
  }

  /** @throws {ServiceFailed | StartAbandoned} when it does not come up. */
  async start<R extends Running>(service: Service<R>): Promise<R> {
    const { name, title } = service;
    this.#context.signal.throwIfAborted();
    const done = this.#terminal.step(title);
    try {
      const running = await service.start(this.#context);
      this.#running.push({ title, running });
      done('', true);
      const { address, detail } = running;
      this.#rows.push({
        name,
        title,
        address,
        state: 'running',
        ...(detail === undefined ? {} : { detail }),
        isRunning: true,
      });
      return running;
    } catch (error) {
      done(error instanceof StartAbandoned ? 'not started' : 'failed', false);
      throw error;
    }
  }

  /** Like start, for what the demo can do without: a failure is told, and the rest goes on. */
  async tryToStart<R extends Running>(service: Service<R>): Promise<R | undefined> {
    try {
      return await this.start(service);
    } catch (error) {
      if (error instanceof StartAbandoned || this.#context.signal.aborted) {
        throw error;
      }
      this.#terminal.lines(failureText(error));
      this.#rows.push({ name: service.name, title: service.title, state: 'failed, see above', isRunning: false });
      return undefined;
    }
  }

  leaveOut(tool: Tool, why: 'missing' | 'not wanted'): void {
    if (why === 'missing') {
      this.#missing.push(tool);
    }
    const state = why === 'missing' ? 'not installed' : 'left out, as asked';
    this.#rows.push({ name: tool.name, title: tool.title, state, isRunning: false });
  }

  async stop(): Promise<void> {
    for (const { title, running } of this.#running.splice(0).reverse()) {
      const done = this.#terminal.step(title);
      await running.stop().then(
        () => done('stopped', true),
        (error: unknown) => done(`did not stop: ${error instanceof Error ? error.message : String(error)}`, false),
      );
    }
  }
}

export function failureText(error: unknown): readonly string[] {
  const lastLines = error instanceof ServiceFailed ? error.lastLines : [];
  return [`    ${error instanceof Error ? error.message : String(error)}`, ...lastLines.map((line) => `    | ${line}`)];
}
