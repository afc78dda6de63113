import type { RequestHandler } from 'express';

/** How many requests of a kind run at once, and how many were refused. */
export class InFlight {
  readonly #limit: number;
  #running = 0;
  #refused = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get refused(): number {
    return this.#refused;
  }

  readonly middleware: RequestHandler = (_request, response, next) => {
    if (this.#running >= this.#limit) {
      this.#refused += 1;
      response.status(503).set('Retry-After', '1').type('text/plain');
      response.send(`${this.#limit} such requests are in progress; try again, or raise --web.max-requests\n`);
      return;
    }
    this.#running += 1;
    response.once('close', () => {
      this.#running -= 1;
    });
    next();
  };
}
