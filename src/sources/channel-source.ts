import type { Clock } from '../../sinks/clock.ts';
import type { Arrival } from '../genesys/arrival.ts';
import { createSubscriber, type SubscriberSettings } from '../genesys/subscriber.ts';
import { createInbox } from './inbox.ts';
import type { Source } from './source.ts';

export interface ChannelSourceSettings extends Omit<SubscriberSettings, 'onArrival'> {
  readonly tickMs: number;
  readonly batchEventsMax: number;
  /** How long a full inbox may hold the socket before it is closed and the loss is said, in system milliseconds. */
  readonly pauseMaxMs: number;
  readonly systemClock: Clock;
}

/** A source that can be asked to end once what it has taken in is delivered. */
export interface DrainableSource<E> extends Source<E> {
  drain(): void;
}

/**
 * What the notification channels say, and a tick every `tickMs`, as batches. It cannot be rewound, so its positions mean
 * nothing: what was missed is in its gaps.
 */
export function createChannelSource(settings: ChannelSourceSettings): DrainableSource<Arrival> {
  const { clock, systemClock, tickMs, batchEventsMax, pauseMaxMs } = settings;
  const stopped = new AbortController();
  let paused: AbortController | undefined;

  const inbox = createInbox<Arrival>({
    highMark: batchEventsMax * 4,
    lowMark: batchEventsMax,
    onHigh() {
      const held = new AbortController();
      paused = held;
      subscriber.pause();
      systemClock.sleep(pauseMaxMs, AbortSignal.any([held.signal, stopped.signal])).then(
        () => subscriber.drop('pressure'),
        // Resumed in time, or stopped.
        () => undefined,
      );
    },
    onLow() {
      paused?.abort();
      subscriber.resume();
    },
  });
  const subscriber = createSubscriber({ ...settings, onArrival: (arrival) => inbox.push(arrival) });

  async function tick(signal: AbortSignal): Promise<void> {
    let nextMs = clock.nowMs();
    for (;;) {
      nextMs = (Math.floor(Math.max(nextMs, clock.nowMs()) / tickMs) + 1) * tickMs;
      // A timer may ring a little early, and a tick is no tick before its time.
      while (clock.nowMs() < nextMs) await clock.sleep(nextMs - clock.nowMs(), signal);
      // Time that cannot be written does not pile up; the next tick says it all.
      if (!inbox.isHigh()) subscriber.tick();
    }
  }

  return {
    async run(onBatch, signal) {
      const both = AbortSignal.any([signal, stopped.signal]);
      const work = Promise.all([subscriber.run(both), tick(both)]).catch((error: unknown) => {
        if (!both.aborted) throw error;
      });
      const ended = work.finally(() => inbox.close());
      // Reported below, after what was taken in is safe.
      ended.catch(() => undefined);
      try {
        for (;;) {
          signal.throwIfAborted();
          const events = await inbox.take(batchEventsMax);
          if (events.length === 0) break;
          await onBatch({ events, position: 0 });
        }
        await ended;
      } finally {
        // What could not be written leaves no channel open.
        stopped.abort();
      }
    },
    drain: () => stopped.abort(),
  };
}
