import { z } from 'zod';
import { decodeBase64, NoteError } from '../signing/note.js';
import { HASH_BYTES } from '../tree/merkle.js';

/**
 * What a log entry states beside its checkpoint, as one line of JSON inside a signed note. Checkpoints carry no
 * extension lines (C2SP advises against them), so all else that must be signed is here.
 */

/** SHA-256 in base64. */
export const digestSchema = z
  .string()
  .refine((text) => decodeBase64(text)?.length === HASH_BYTES, 'not a SHA-256 in base64');
export const countSchema = z.int().nonnegative();

/** The fields that each statement has, whatever its log is about. The store fills them in. */
export const commonFields = {
  version: z.literal(1),
  origin: z.string(),
  seq: countSchema,
  /** RFC 3339, the sealer's clock. */
  time: z.iso.datetime(),
  /** Of the tree after this entry, as in its checkpoint. */
  size: countSchema,
  root: digestSchema,
  /** SHA-256 of the whole previous line of the log, without its newline; of nothing before the first. */
  prev: digestSchema,
  /** Who signs; whoever trusts one of the signers may trust these. */
  keys: z.array(z.string()).min(1),
};

const named = z.object({ kind: z.string(), ...commonFields });
export type CommonStatement = Readonly<z.infer<typeof named>>;

const disposal = z.strictObject({
  kind: z.literal('disposal'),
  ...commonFields,
  /** Entries, both inclusive, whose records were lawfully disposed of. Their roots and counts stay in the log. */
  first: countSchema,
  last: countSchema,
  count: countSchema,
  reason: z.string().min(1),
  by: z.string().min(1),
});
export type DisposalStatement = Readonly<z.infer<typeof disposal>>;

/** What the entries of one log are about: its statements, the leaves that each adds, and what is kept of them in memory. */
export interface LogKind<S extends CommonStatement, V> {
  readonly schema: z.ZodType<S>;
  /** Leaves that this entry adds to the tree. */
  leaves(statement: S): number;
  /** What a store keeps in memory of the entries, from the first one on. */
  view(): LogView<S> & V;
  /**
   * What entries promise one another beside the tree; one for each reading of a log.
   * @throws {SealRefused} from the returned function, at the first entry that breaks it.
   */
  check(): (statement: S) => void;
}

export interface LogView<S extends CommonStatement> {
  add(statement: S | DisposalStatement): void;
}

export function isDisposal(statement: CommonStatement): statement is DisposalStatement {
  return statement.kind === 'disposal';
}

export function statementText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** @throws {NoteError} */
export function parseStatement<S extends CommonStatement>(
  text: string,
  { schema }: Pick<LogKind<S, unknown>, 'schema'>,
): S | DisposalStatement {
  const value = parseJson(text);
  const parsed = isNamedDisposal.safeParse(value).success ? disposal.safeParse(value) : schema.safeParse(value);
  if (!parsed.success) throw new NoteError(`malformed statement: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Only what all statements have in common: for whoever does not need to know what the log is about. */
export function parseCommon(text: string): CommonStatement {
  const parsed = named.safeParse(parseJson(text));
  if (!parsed.success) throw new NoteError(`malformed statement: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

const isNamedDisposal = z.looseObject({ kind: z.literal('disposal') });

const line = z.strictObject({
  statement: z.string(),
  checkpoint: z.string(),
  /** RFC 6962 proof from the previous entry's tree to this one. */
  consistency: z.array(digestSchema),
});
export type LogLine = z.infer<typeof line>;

/** @throws {NoteError} */
export function parseLine(text: string): LogLine {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) throw new NoteError(`malformed log line: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NoteError('malformed log line: no JSON', { cause });
  }
}
