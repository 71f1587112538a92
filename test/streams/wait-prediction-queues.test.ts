import { from } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type ResumePoint, resumePoint } from '../../src/refold.ts';
import { derive, type DeriveSettings } from '../../streams/derive.ts';
import type { QueueEvent } from '../../streams/event.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import type { QueueRule } from '../../streams/queue-settings.ts';
import { queueState } from '../../streams/records/queue-state.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import { deriveSettings } from '../support/derive-settings.ts';

// What is set for one queue, seen in what is derived of it. 2024-01-01 is a Monday.

const at = (time: string, second = 0) => Date.parse(`2024-01-01T${time}Z`) + second * 1_000;
const tick = (receivedAtMs: number): QueueEvent => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });
const named = (name: string, receivedAtMs: number, queueId = 'q'): QueueEvent => ({
  ...{ kind: 'queue-profile', receivedAtMs, queueId, name, serviceLevels: [] },
});
const count = (metric: string, value: number, qualifier: string | null = null) => ({
  ...{ metric, qualifier, count: value, startedAtMs: null },
});

/** So many wait for two agents whose calls take two minutes, which was known a second before. */
function busy(waiting: number, receivedAtMs: number, queueId = 'q'): readonly QueueEvent[] {
  const startMs = receivedAtMs - (receivedAtMs % 1_800_000);
  return [
    {
      ...{
        kind: 'queue-interval',
        receivedAtMs: receivedAtMs - 1_000,
        queueId,
        mediaType: 'voice',
        startMs,
        endMs: startMs + 1_800_000,
      },
      metrics: [
        { metric: 'tHandle', qualifier: null, stats: { count: 20, sum: 2_400_000 } },
        { metric: 'nOffered', qualifier: null, stats: { count: 20 } },
      ],
    },
    {
      ...{ kind: 'queue-snapshot', receivedAtMs, queueId, waiting: null },
      groups: [
        { mediaType: 'voice', metrics: [count('oWaiting', waiting)] },
        { mediaType: null, metrics: [count('oOnQueueUsers', 2, 'INTERACTING')] },
      ],
    },
  ];
}

const hours = (fromHour: number, untilHour: number) => [{ fromMinute: fromHour * 60, untilMinute: untilHour * 60 }];

function deriveFrom(events: readonly QueueEvent[], queues: readonly QueueRule[], rest: Partial<DeriveSettings> = {}) {
  const runner = derive({ ...deriveSettings, ...rest, queues });
  const outputs: { readonly name: string; readonly value: unknown }[] = [];
  from(events)
    .pipe(runner.operator)
    .subscribe(({ type, value }) => outputs.push({ name: type.name, value }));
  const of = (name: string) => outputs.filter((each) => each.name === name).map(({ value }) => value);
  return {
    predictions: of('wait-prediction')
      .map((value) => waitPrediction.schema.parse(value))
      // Before the counts are known.
      .filter(({ reason }) => reason !== 'stale'),
    states: of('queue-state').map((value) => queueState.schema.parse(value)),
    saved: JSON.parse(JSON.stringify(runner.snapshot())) as Checkpoint,
  };
}

describe('a queue with opening hours', () => {
  const queues: readonly QueueRule[] = [{ pattern: 'Sales*', timeZone: 'Europe/Berlin', openingHours: hours(9, 17) }];
  // 08:00 and 16:00 in UTC.
  const day = [
    named('Sales', at('07:00')),
    ...busy(0, at('07:00', 1)),
    ...[tick(at('07:59', 59)), tick(at('08:00')), tick(at('12:00')), tick(at('15:59', 59)), tick(at('16:00', 1))],
    tick(at('20:00')),
  ];
  /** Each change of the reason. */
  const told = ({ predictions }: ReturnType<typeof deriveFrom>) =>
    predictions
      .filter(({ reason }, index) => index === 0 || predictions[index - 1]?.reason !== reason)
      .map(({ reason, issuedAtMs }) => [reason, issuedAtMs]);

  test('says that it is closed, in words and at once, and opens and closes with the first tick that is due', () => {
    const derived = deriveFrom(day, queues);
    expect(told(derived)).toEqual([
      ['closed', at('07:00')],
      [null, at('08:00')],
      ['closed', at('16:00', 1)],
    ]);
    expect(derived.predictions[0]).toMatchObject({
      ...{ waitSecondsP50: null, estimator: null, announce: { kind: 'closed' }, offerCallback: false },
      announcementText: 'We are closed at the moment. Please call again during our opening hours.',
    });
  });

  test('is never closed without hours', () => {
    for (const rules of [
      [],
      [{ pattern: 'Support', openingHours: [] }],
      [{ pattern: 'q', openingHours: null }, ...queues],
    ])
      expect(told(deriveFrom(day, rules)).map(([reason]) => reason)).not.toContain('closed');
  });

  test('says that it is closed also while nothing is heard, for that is known all the same', () => {
    const gap: QueueEvent = {
      ...{ kind: 'channel-gap', receivedAtMs: at('15:00'), channel: 0, queueIds: null, userIds: null },
      startMs: at('15:00'),
      ...{ endMs: null, cause: 'closed', repairedBy: 'none' },
    };
    const events = [named('Sales', at('10:00')), ...busy(0, at('10:00', 1)), gap, tick(at('16:00'))];
    expect(deriveFrom(events, queues).predictions.map(({ reason }) => reason)).toEqual([null, 'gap', 'closed']);
  });

  test('is judged by its new name from the next tick on', () => {
    const events = [
      ...[named('Sales', at('07:00')), ...busy(0, at('07:00', 1))],
      ...[named('Support', at('07:30')), tick(at('07:30', 1)), named('Sales 2', at('07:40')), tick(at('07:40', 1))],
    ];
    expect(told(deriveFrom(events, queues))).toEqual([
      ['closed', at('07:00')],
      [null, at('07:30', 1)],
      ['closed', at('07:40', 1)],
    ]);
  });

  test('that was removed and comes back is known by the name it then has', () => {
    const events: QueueEvent[] = [
      ...[named('Sales', at('07:00')), ...busy(0, at('07:00', 1))],
      { kind: 'queue-removed', receivedAtMs: at('07:10'), queueId: 'q' },
      ...[named('Support', at('07:20')), ...busy(0, at('07:20', 1))],
    ];
    expect(deriveFrom(events, queues).predictions.at(-1)).toMatchObject({ reason: 'no_history' });
  });

  test('offers a callback from when on somebody may not be answered before it closes', () => {
    const [open] = deriveFrom([...busy(1, at('10:00', 1))], []).predictions;
    const p80 = open?.waitSecondsP80 ?? NaN;
    expect(p80).toBeGreaterThan(60);
    expect(open?.offerCallback).toBe(false);
    // Nobody waits from here on, so that time alone changes nothing else.
    const quiet = [named('Sales', at('15:00')), ...busy(0, at('15:00', 1))];
    const before = deriveFrom(quiet, queues).predictions.at(-1);
    const leftSeconds = before?.waitSecondsP80 ?? NaN;
    expect(leftSeconds).toBeGreaterThan(0);
    const due = at('16:00') - leftSeconds * 1_000;
    const { predictions } = deriveFrom([...quiet, tick(due), tick(due + 1), tick(at('16:00'))], queues);
    expect(predictions.map(({ offerCallback, issuedAtMs }) => [offerCallback, issuedAtMs])).toEqual([
      [false, at('15:00', 1)],
      [true, due + 1],
      [false, at('16:00')],
    ]);
  });
});

describe('what is set for one queue', () => {
  test('are the words and the mode of its announcements, and no other queue has them', () => {
    const events = [
      ...[named('Sales', at('10:00')), named('Support', at('10:00'), 'r')],
      ...[...busy(3, at('10:00', 1)), ...busy(3, at('10:00', 1), 'r')],
    ];
    const queues: readonly QueueRule[] = [{ pattern: 'Sales', locale: 'de', announcementMode: 'lessThan' }];
    events.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
    const { predictions } = deriveFrom(events, queues, { announcementLocale: 'fr' });
    const of = (id: string) => predictions.find(({ queueId }) => queueId === id);
    expect(of('q')).toMatchObject({ announce: { mode: 'lessThan' } });
    expect(of('q')?.announcementText).toMatch(/^Ihre Wartezeit beträgt voraussichtlich weniger als/);
    expect(of('r')).toMatchObject({ announce: { mode: 'approximate' } });
    expect(of('r')?.announcementText).toMatch(/^Votre temps d’attente/);
  });

  test('is after how many seconds a callback is offered', () => {
    const p80 = deriveFrom(busy(3, at('10:00', 1)), []).predictions[0]?.waitSecondsP80 ?? NaN;
    const offered = (queues: readonly QueueRule[], callbackAfterSeconds: number | null) =>
      deriveFrom(busy(3, at('10:00', 1)), queues, { callbackAfterSeconds }).predictions[0]?.offerCallback;
    expect([offered([], p80), offered([], p80 - 1), offered([], null)]).toEqual([false, true, false]);
    expect(offered([{ pattern: 'q', callbackAfterSeconds: p80 - 1 }], p80)).toBe(true);
    expect(offered([{ pattern: 'q', callbackAfterSeconds: null }], p80 - 1)).toBe(false);
  });

  test('is the zone in which its day begins, and a new one begins its totals anew', () => {
    const queues: readonly QueueRule[] = [{ pattern: 'Sydney', timeZone: 'Australia/Sydney' }];
    const lastStates = (...more: QueueEvent[]) =>
      deriveFrom([tick(at('12:30')), named('Sydney', at('12:30')), ...busy(0, at('12:31', 1)), ...more], queues).states;
    // Midnight in Sydney.
    const atMidnight = busy(0, at('13:00', 1));
    expect(lastStates(...atMidnight).at(-1)).toMatchObject({ offered: 20, totalsSinceMs: at('13:00') });
    const renamed = lastStates(named('Perth', at('12:40')));
    expect(renamed.at(-2)).toMatchObject({ offered: 20, totalsSinceMs: at('12:30') });
    expect(renamed.at(-1)).toMatchObject({ offered: null, totalsSinceMs: null, observedAtMs: at('12:40') });
    const inUtc = deriveFrom([tick(at('12:30')), ...busy(0, at('12:31', 1)), ...atMidnight], []).states;
    expect(inUtc.at(-1)).toMatchObject({ offered: 40, totalsSinceMs: at('12:30') });
  });

  test('is part of a checkpoint: with other settings everything is derived anew', () => {
    const rules: readonly QueueRule[] = [{ pattern: 'q', locale: 'de', openingHours: hours(9, 17) }];
    const { saved } = deriveFrom(busy(0, at('10:00', 1)), rules);
    const resumed = (queues: readonly QueueRule[], rest: Partial<DeriveSettings> = {}): ResumePoint =>
      resumePoint(derive({ ...deriveSettings, ...rest, queues }).snapshot(), { checkpoint: saved, position: 3 }, 3);
    expect(resumed(JSON.parse(JSON.stringify(rules)) as readonly QueueRule[])).toMatchObject({ readFrom: 3 });
    expect(resumed([{ pattern: 'q', locale: 'de', openingHours: hours(9, 18) }])).toMatchObject({ readFrom: 0 });
    expect(resumed(rules, { callbackAfterSeconds: 60 })).toMatchObject({ readFrom: 0, isChanged: true });
  });
});
