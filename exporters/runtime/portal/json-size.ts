import { getHeapStatistics } from 'node:v8';
import { StepFailure } from './step-failure.js';

/** Memory that V8 uses for an object, for an array, and for a slot with a number or a short text. */
const OBJECT_BYTES = 64;
const LIST_BYTES = 24;
const VALUE_BYTES = 16;
/** The rest is for the text itself, for checking it, and for other runs. */
const SHARE_OF_FREE_HEAP = 0.4;

/**
 * Parses JSON if its values fit into memory. 5 MB of `[],` become a hundred: if they do not fit, V8 ends the whole
 * thread, which measures all workflows.
 *
 * @throws {StepFailure} `size` when it does not fit.
 * @throws {SyntaxError} when it is not JSON.
 */
export function parseBoundedJson(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  const { values, bytes } = sizeOf(text);
  if (bytes > (limit - used) * SHARE_OF_FREE_HEAP) {
    throw new StepFailure(
      'size',
      `the answer holds about ${Math.round(values / 1000)},000 values, more than fit into the memory of this process; ask for less, or give it more with NODE_OPTIONS=--max-old-space-size`,
    );
  }
  return parse(text);
}

/** An estimate from the characters that separate values; commas inside texts are counted too, which costs little. */
function sizeOf(text: string): { readonly values: number; readonly bytes: number } {
  let objects = 0;
  let lists = 0;
  let values = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x5b) lists += 1;
    else if (code === 0x7b) objects += 1;
    else if (code === 0x2c || code === 0x3a) values += 1;
  }
  const bytes = text.length + objects * OBJECT_BYTES + lists * LIST_BYTES + values * VALUE_BYTES;
  return { values: objects + lists + values, bytes };
}
