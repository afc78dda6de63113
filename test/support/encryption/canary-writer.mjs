// Keeps canaries in the file that it is given, one after another, until it is killed.
import { newBook, withCanary } from '../../../dist/exporters/encryption/probe/canary-book.js';
import { CanaryFile } from '../../../dist/exporters/encryption/probe/canary-file.js';

const file = new CanaryFile(process.argv[2]);
let book = newBook;
for (let one = 0; ; one += 1) {
  const now = Date.now();
  book = withCanary(book, { madeAtMs: now, context: 'c', digest: 'd', sealed: 'x'.repeat(20_000) + one }, now);
  if (book.canaries.length > 40) book = newBook;
  await file.save(book);
  if (one === 0) process.stdout.write('writing\n');
}
