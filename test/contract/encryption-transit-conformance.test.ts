import { expect, test } from 'vitest';
import { baoProgram, startBao } from '../support/encryption/bao.js';
import { conversation, converse, shapeOf } from '../support/encryption/transit-conversation.js';
import { ROOT_TOKEN, TransitStandIn } from '../support/encryption/transit-stand-in.js';

/** The stand-in is worth what it has in common with the real thing: with every answer, status, shape and words. */
test.skipIf(baoProgram === undefined)('the transit stand-in answers as a real server does', async () => {
  const standIn = new TransitStandIn();
  const standInUrl = await standIn.start();
  const real = await startBao(baoProgram ?? '');
  try {
    const [ours, theirs] = await Promise.all([converse(standInUrl, ROOT_TOKEN), converse(real.url, real.rootToken)]);
    for (const { what } of conversation) {
      expect({ what, ...plain(ours.get(what)) }).toEqual({ what, ...plain(theirs.get(what)) });
    }
  } finally {
    await Promise.all([standIn.close(), real.stop()]);
  }
});

function plain(answer: { readonly status: number; readonly body: unknown } | undefined) {
  return { status: answer?.status, body: shapeOf(answer?.body) };
}
