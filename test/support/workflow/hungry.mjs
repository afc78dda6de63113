/** Imported first: in a measuring thread, some answers cannot be judged without eating the heap, or the time. */
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const parse = JSON.parse;
  JSON.parse = (text, reviver) => {
    if (typeof text === 'string' && text.includes('eat the heap')) {
      const eaten = [];
      for (;;) eaten.push(Array.from({ length: 1000 }, () => ({})));
    }
    if (typeof text === 'string' && text.includes('eat the time')) for (;;);
    return parse(text, reviver);
  };
}
