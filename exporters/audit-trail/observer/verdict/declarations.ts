import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../../runtime/error-code.js';
import { looseFolder } from '../../../runtime/state/index.js';

/**
 * What people declare about a trail. The file lies beside the observer's state, and the observer never writes it. Each entry
 * says who and why, because it makes the observer accept something.
 */
const common = { reason: z.string().min(1), by: z.string().min(1), at: z.iso.datetime({ offset: true }) };
const declarationSchema = z.discriminatedUnion('kind', [
  /** The present data is accepted, and confirmed faults are acknowledged. Without `tables`: all of them. */
  z.strictObject({ kind: z.literal('baseline'), tables: z.array(z.string()).optional(), ...common }),
  /** Changes in this time are explained by the maintenance, and a baseline follows by itself when it ends. */
  z.strictObject({
    kind: z.literal('maintenance'),
    tables: z.array(z.string()).optional(),
    from: z.iso.datetime({ offset: true }),
    until: z.iso.datetime({ offset: true }),
    ...common,
  }),
]);
const fileSchema = z.array(declarationSchema);

export type Declaration = z.infer<typeof declarationSchema>;
export type Maintenance = Extract<Declaration, { kind: 'maintenance' }>;

export function declarationsFile(trail: string): string {
  return `${trail}.declarations.json`;
}

export function declarationsPath(directory: string, trail: string): string {
  return join(directory, declarationsFile(trail));
}

/** @throws when the file exists and cannot be parsed: ignoring a declaration would raise false alarms. */
export async function readDeclarations(directory: string, trail: string): Promise<readonly Declaration[]> {
  const path = declarationsPath(directory, trail);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} cannot be understood; correct it or remove it`, { cause });
  }
}

/** @throws {CannotKeepState} when it cannot be written. */
export async function declare(directory: string, trail: string, declaration: Declaration): Promise<void> {
  const all = [...(await readDeclarations(directory, trail)), declarationSchema.parse(declaration)];
  await looseFolder(directory).save(declarationsFile(trail), `${JSON.stringify(all, null, 2)}\n`);
}

/** Identifies a declaration that was applied. */
export function declarationId({ kind, at, tables }: Declaration): string {
  return `${kind} ${at} ${tables?.join(',') ?? '*'}`;
}

export function covers(declaration: Declaration, table: string): boolean {
  return declaration.tables === undefined || declaration.tables.includes(table);
}
