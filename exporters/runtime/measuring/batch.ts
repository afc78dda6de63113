/**
 * Sends what is said within one turn of the event loop as one message, as text: waking the other thread costs more
 * than the message, and copying objects more than printing and parsing them.
 */
export function batched<T>(send: (text: string) => void): (item: T) => void {
  let waiting: T[] = [];
  return (item) => {
    if (waiting.push(item) > 1) return;
    setImmediate(() => {
      const items = waiting;
      waiting = [];
      send(JSON.stringify(items));
    });
  };
}
