import type { RequestHandler } from 'express';

/** Answers 405 to requests that the routes before it did not handle. */
export function allowOnly(...methods: readonly string[]): RequestHandler {
  return (_request, response) => {
    response
      .status(405)
      .set('Allow', methods.join(', '))
      .type('text/plain')
      .send(`use ${methods.join(' or ')}\n`);
  };
}
