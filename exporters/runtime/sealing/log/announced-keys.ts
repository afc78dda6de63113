import { NoteError, type NoteVerifier, parseVkey } from '../signing/note.js';
import { readLine } from './entry.js';
import { readLines } from './log-reader.js';

/**
 * The keys that a log itself announces in its first entry. Whoever could rewrite the log could also have put them
 * there: good for a first verification, and to be told apart from a key that was published.
 */
export async function announcedKeys(path: string): Promise<readonly NoteVerifier[]> {
  for await (const { text } of readLines(path)) {
    try {
      return readLine(text).statement.keys.map(parseVkey);
    } catch (error) {
      if (error instanceof NoteError) return [];
      throw error;
    }
  }
  return [];
}
