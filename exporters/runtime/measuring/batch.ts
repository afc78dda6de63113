/** Messages that can wait are sent with an urgent one, or after this long. */
const PATIENCE_MS = 200;

/**
 * Combines messages within a short time into one text: waking the other thread costs more than the message, and copying
 * objects costs more than printing and parsing them.
 *
 * @param canWait for messages that are not urgent, such as the result of a scheduled run.
 */
export function batched<T>(
  send: (text: string) => void,
  canWait: (item: T) => boolean = () => false,
): (item: T) => void {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isDue = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    isDue = false;
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    send(JSON.stringify(items));
  };
  return (item) => {
    waiting.push(item);
    if (canWait(item)) {
      timer ??= setTimeout(flush, PATIENCE_MS);
    } else if (!isDue) {
      isDue = true;
      setImmediate(flush);
    }
  };
}
