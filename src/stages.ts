/** One of the pipelines that run side by side; each reads what the one before it writes. */
export interface Stage {
  readonly name: string;
  /** Runs until it has drained, or until the signal, which ends it at once. */
  run(signal: AbortSignal): Promise<void>;
  /** To be called when all before it have ended: it ends once it has done everything they wrote. */
  drain(): void;
}

/**
 * Runs stages until `drain` is aborted, then ends them in order, so that nothing taken in is left undone. If one fails, all are
 * stopped at once and its failure is thrown: a restart goes on from what was committed.
 */
export async function runStages(stages: readonly Stage[], drain: AbortSignal): Promise<void> {
  const stopped = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const drained = new Promise<void>((resolve) => {
    if (drain.aborted) resolve();
    drain.addEventListener('abort', () => resolve(), { once: true });
    stopped.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const running = stages.map((stage) =>
    stage.run(stopped.signal).catch((error: unknown) => {
      if (!stopped.signal.aborted) failure = { error };
      stopped.abort();
    }),
  );
  await drained;
  for (const [index, stage] of stages.entries()) {
    stage.drain();
    await running[index];
  }
  if (failure !== undefined) throw failure.error;
}
