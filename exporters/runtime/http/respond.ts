import type { Request, Response } from 'express';
import type { Family } from '../metrics/family.js';
import { contentTypes } from '../metrics/format.js';
import { mergeFamilies } from '../metrics/merge.js';
import { renderFamilies } from '../metrics/text.js';
import { negotiateFormat } from '../negotiate.js';

/** Answers with a separate page in the format that the client requests; for routes such as `/probe`. */
export function sendFamilies(request: Request, response: Response, families: Iterable<Family>): void {
  const format = negotiateFormat(request.headers.accept);
  const text = renderFamilies(mergeFamilies(families).families, format);
  response.set('Content-Type', contentTypes[format]).set('Vary', 'Accept').end(text);
}
