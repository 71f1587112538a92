import fc from 'fast-check';
import { from } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, createRunner, type Logic, run } from '../../../streams/logic.ts';
import { longestWaitStartMs } from '../../../streams/wait/line.ts';
import type { Quote } from '../../../streams/wait/quote.ts';
import {
  foldWaits,
  startWaitModel,
  type WaitInput,
  type WaitModel,
  type WaitNews,
} from '../../../streams/wait/wait-model.ts';
import { waitJournals } from '../../support/wait-journals.ts';

/** What the model says of each input, without the lines, which are part of its state. */
const followWaits: Logic<WaitModel, WaitInput, unknown> = {
  name: 'waits',
  version: 1,
  start: startWaitModel,
  step: (model, input) => [model, [said(foldWaits(model, input, null))]],
};

const said = (news: WaitNews) => ({
  joined: news.joined.map(({ line, ...rest }) => ({ ...rest, of: `${line.queueId}/${line.mediaType}` })),
  departed: news.departed.map(({ line, ...rest }) => ({ ...rest, of: `${line.queueId}/${line.mediaType}` })),
  handled: news.handled.map(({ line, ...rest }) => ({ ...rest, of: `${line.queueId}/${line.mediaType}` })),
  queueIds: news.queueIds,
});

/** Where a number that is none, or nothing at all, stands. */
function placesOfNoNumber(value: unknown, place = ''): readonly string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${place} = ${value}`];
  if (value === undefined) return [`${place} is undefined`];
  if (typeof value !== 'object' || value === null) return [];
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.flatMap(([name, part]) => placesOfNoNumber(part, `${place}.${String(name)}`));
}

function expectInOrder(quote: Quote): void {
  for (const [estimator, quantiles] of Object.entries(quote.estimates)) {
    if (quantiles === null) continue;
    const { p50, p80, p90 } = quantiles;
    expect(Number.isFinite(p90) && 0 <= p50 && p50 <= p80 && p80 <= p90, `${estimator}: ${p50}, ${p80}, ${p90}`).toBe(
      true,
    );
  }
  expect(quote.estimates[quote.published]).not.toBeNull();
}

describe('whatever happens', () => {
  test('every estimator says 0 <= P50 <= P80 <= P90, and there is nothing but finite numbers in the state', () => {
    fc.assert(
      fc.property(waitJournals, (journal) => {
        const model = startWaitModel();
        for (const input of journal) {
          const news = foldWaits(model, input, null);
          expect(placesOfNoNumber(said(news))).toEqual([]);
          for (const { quote } of news.joined) expectInOrder(quote);
          for (const { waitSeconds } of news.departed) expect(waitSeconds).toBeGreaterThanOrEqual(0);
          for (const { handleSeconds } of news.handled) expect(handleSeconds).toBeGreaterThanOrEqual(0);
        }
        expect(placesOfNoNumber(model)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('what is kept up step by step is what a count from scratch says', () => {
    fc.assert(
      fc.property(waitJournals, (journal) => {
        const model = startWaitModel();
        for (const input of journal) foldWaits(model, input, null);
        expect(counts(model)).toEqual(recount(model));
        for (const { calls, served, alertingSinceMs, madeUp } of model.centre.lines.values()) {
          expect([...served].filter(([id, { phase }]) => calls.has(id) || phase === 'waiting')).toEqual([]);
          expect([...alertingSinceMs.keys(), ...madeUp.keys()].filter((id) => !calls.has(id))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a state that was saved and restored goes on as if nothing had been, and a replay says the same bytes', () => {
    fc.assert(
      fc.property(waitJournals, fc.nat(), (journal, cut) => {
        const whole = run(followWaits, journal);
        expect(JSON.stringify(run(followWaits, journal))).toBe(JSON.stringify(whole));

        const at = journal.length === 0 ? 0 : cut % journal.length;
        const before = createRunner(followWaits);
        const outputs: unknown[] = [];
        from(journal.slice(0, at))
          .pipe(before.operator)
          .subscribe((output) => outputs.push(output));
        const saved: Checkpoint = JSON.parse(JSON.stringify(before.snapshot()));
        const after = createRunner(followWaits, saved);
        from(journal.slice(at))
          .pipe(after.operator)
          .subscribe((output) => outputs.push(output));
        expect(JSON.stringify(outputs)).toBe(JSON.stringify(whole));
      }),
      { numRuns: 200 },
    );
  });
});

const sorted = (times: Iterable<number>) => [...times].sort((a, b) => a - b);

function counts({ centre }: WaitModel) {
  return {
    lines: [...centre.lines].map(([key, line]) => ({
      key,
      waiting: line.waiting,
      enqueuedAtMs: [...line.enqueuedAtMs].sort(([a], [b]) => a - b),
      longestWaitStartMs: longestWaitStartMs(line),
    })),
    queues: [...centre.staff.queues]
      .map(([queueId, { idleSinceMs, busySinceMs, shared }]) => ({
        queueId,
        idle: [...idleSinceMs.keys()].sort(),
        busy: [...busySinceMs.keys()].sort(),
        shared: [...shared].sort(([a], [b]) => (a < b ? -1 : 1)),
      }))
      .sort((a, b) => (a.queueId < b.queueId ? -1 : 1)),
  };
}

function recount({ centre }: WaitModel): ReturnType<typeof counts> {
  const lines = [...centre.lines].map(([key, line]) => {
    const waiting = [...line.calls.values()].filter(({ phase }) => phase === 'waiting');
    const priorities = sorted(new Set(waiting.map(({ priority }) => priority)));
    const times = sorted(waiting.map(({ enqueuedAtMs }) => enqueuedAtMs));
    return {
      key,
      waiting: waiting.length,
      enqueuedAtMs: priorities.map((priority): [number, number[]] => {
        const those = waiting.filter((call) => call.priority === priority);
        return [priority, sorted(those.map(({ enqueuedAtMs }) => enqueuedAtMs))];
      }),
      longestWaitStartMs: times[0] ?? null,
    };
  });
  const serving = [...centre.staff.agents].filter(([, { routingStatus }]) =>
    ['IDLE', 'INTERACTING', 'COMMUNICATING'].includes(routingStatus ?? ''),
  );
  const queueIds = [...new Set(serving.flatMap(([, { activeQueueIds }]) => activeQueueIds))].sort();
  const queues = queueIds.map((queueId) => {
    const here = serving.filter(([, { activeQueueIds }]) => activeQueueIds.includes(queueId));
    const idle = here.filter(([, { routingStatus }]) => routingStatus === 'IDLE');
    const busy = here.filter(([, { routingStatus }]) => routingStatus !== 'IDLE');
    const shared = queueIds.map((other): [string, number] => [
      other,
      here.filter(([, { activeQueueIds }]) => activeQueueIds.includes(other)).length,
    ]);
    return {
      queueId,
      idle: idle.map(([userId]) => userId).sort(),
      busy: busy.map(([userId]) => userId).sort(),
      shared: shared.filter(([, agents]) => agents > 0),
    };
  });
  return { lines, queues };
}
