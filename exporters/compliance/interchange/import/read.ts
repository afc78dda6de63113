import { z } from 'zod';
import type { ResultImport } from '../../../../pack/compliance/model/index.js';
import { settledText } from '../../reading/settled-text.js';
import type { ImportAnswer, ImportedResults } from './imported.js';
import { inspecImport } from './inspec.js';
import { oscalImport } from './oscal.js';
import { prowlerImport } from './prowler.js';

const readers: Readonly<Record<ResultImport['format'], (value: unknown) => ImportedResults>> = {
  oscal: oscalImport,
  prowler: prowlerImport,
  inspec: inspecImport,
};

/** A file that cannot be read is an answer. Messages name places in the file, never its values. @throws only when the signal is aborted. */
export async function readImport({ path, format }: ResultImport, signal: AbortSignal): Promise<ImportAnswer> {
  const found = await settledText(path, signal);
  if ('unreadable' in found) return found;
  const value = parsedJson(found.text);
  if (value === undefined) return { unreadable: `${path}: not valid JSON; the file may be half-written` };
  try {
    return readers[format](value);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const place = issue?.path.map(String).join('.') || 'the document';
    return { unreadable: `${path}: ${place}: ${issue?.message ?? 'it is wrong'}; expected results of ${format}` };
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
