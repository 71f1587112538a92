import { SinkError } from '../sinks/errors.ts';

/** One of the pipelines that run side by side; each reads what the one before it writes. */
export interface Stage {
  readonly name: string;
  /** Runs until it has drained, or until the signal, which ends it at once. */
  run(signal: AbortSignal): Promise<void>;
  /** To be called when all before it have ended: it ends once it has done everything they wrote. */
  drain(): void;
}

/**
 * Runs stages until `drain` is aborted, then ends them in order, so that nothing taken in is left undone; `hurry` cuts that off. If
 * one fails, all are stopped at once and its failure is thrown: a restart goes on from what was committed.
 */
export async function runStages(
  stages: readonly Stage[],
  { drain, hurry }: { readonly drain: AbortSignal; readonly hurry: AbortSignal },
): Promise<void> {
  const stopped = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    if (!stopped.signal.aborted) failure = { error };
    stopped.abort();
  };
  const drained = new Promise<void>((resolve) => {
    if (drain.aborted) resolve();
    drain.addEventListener('abort', () => resolve(), { once: true });
    stopped.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const running = stages.map((stage) => stage.run(stopped.signal).catch(fail));
  const endInOrder = async () => {
    await drained;
    for (const [index, stage] of stages.entries()) {
      stage.drain();
      await running[index];
    }
  };
  let onHurry: () => void = () => undefined;
  const cutOff = new Promise<void>((resolve) => {
    // A delivery that hangs is not waited for.
    onHurry = () => {
      fail(tooSlow());
      resolve();
    };
    hurry.addEventListener('abort', onHurry, { once: true });
  });
  await Promise.race([endInOrder(), cutOff]);
  hurry.removeEventListener('abort', onHurry);
  if (failure !== undefined) throw failure.error;
}

function tooSlow(): SinkError {
  const message =
    'Not everything that was read could be written in the time there is to end in order: what is committed stays, and the next start goes on from there.';
  return new SinkError('QC_SINK_UNREACHABLE', message);
}
