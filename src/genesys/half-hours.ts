import type { EpochMs } from '../../streams/record.ts';

/** The half hours that are to be read again, and of which queues. */
export interface OwedHalfHours {
  /** Nothing of these queues was heard in between. */
  owe(queueIds: readonly string[], fromMs: EpochMs, untilMs: EpochMs): void;
  /** Takes out what is over for long enough, earliest first; half hours that follow each other and concern the same queues together. */
  takeDue(nowMs: EpochMs): readonly DueHalfHours[];
}

export interface DueHalfHours {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly queueIds: readonly string[];
}

const halfHourMs = 1_800_000;
/** Numbers of a half hour still grow when it is over: a call is counted when its wrap-up has ended. */
export const settledAfterMs = 900_000;
/** What is longer ago is history, and asked for as such. */
const owedMax = 96;

export function createOwedHalfHours(): OwedHalfHours {
  const owed = new Map<EpochMs, Set<string>>();
  return {
    owe(queueIds, fromMs, untilMs) {
      const earliestMs = Math.max(fromMs, untilMs - owedMax * halfHourMs);
      for (let startMs = earliestMs - (earliestMs % halfHourMs); startMs <= untilMs; startMs += halfHourMs) {
        const known = owed.get(startMs) ?? new Set();
        owed.set(startMs, known);
        for (const id of queueIds) known.add(id);
      }
    },
    takeDue(nowMs) {
      const due = [...owed.keys()]
        .filter((startMs) => startMs + halfHourMs + settledAfterMs <= nowMs)
        .sort((a, b) => a - b);
      const taken: { startMs: EpochMs; endMs: EpochMs; queueIds: readonly string[] }[] = [];
      for (const startMs of due) {
        const queueIds = [...(owed.get(startMs) ?? [])].sort();
        owed.delete(startMs);
        const last = taken.at(-1);
        if (last?.endMs === startMs && last.queueIds.join() === queueIds.join()) last.endMs += halfHourMs;
        else taken.push({ startMs, endMs: startMs + halfHourMs, queueIds });
      }
      return taken;
    },
  };
}
