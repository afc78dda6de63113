const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm passes on the Ctrl-C that the terminal has already sent to us, so one key press may arrive twice. */
const SAME_PRESS_MS = 1_000;

export interface StopRequest {
  readonly signal: AbortSignal;
  readonly made: Promise<void>;
  dispose(): void;
}

/**
 * The reader's wish to end: Ctrl-C, SIGTERM, or the terminal closing. A second Ctrl-C, later, ends at once; a second SIGTERM
 * changes nothing, because npm's end brings one too.
 */
export function stopRequest(): StopRequest {
  const controller = new AbortController();
  let firstAt: number | undefined;
  // Signal handlers alone keep no process alive while everything else is a child.
  const awake = setInterval(() => undefined, 60_000);
  const made = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      controller.abort();
    } else if (signal === 'SIGINT' && Date.now() - firstAt > SAME_PRESS_MS) {
      // The guard sees us go and ends what is still there.
      process.exit(1);
    }
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  return {
    signal: controller.signal,
    made,
    dispose() {
      clearInterval(awake);
      for (const signal of SIGNALS) {
        process.off(signal, onSignal);
      }
    },
  };
}
