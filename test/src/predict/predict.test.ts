import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderAnswer } from '../../../src/predict/answer.ts';
import { allPermissions } from '../../../src/simulator/access.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { seededRandom } from '../../../src/simulator/model/random.ts';
import { createRoster, idOf } from '../../../src/simulator/roster.ts';
import type { QueueRule } from '../../../streams/queue-settings.ts';
import { happenings, smallRoster } from '../../support/small-centre.ts';
import { ann, bob, callId, sales, scripted, startMs, support } from '../simulator/virtual-client.ts';
import { predictAt } from './virtual-reader.ts';

const minuteMs = 60_000;

/** Two calls of three minutes were handled; ann and bob talk, one waits for sales, and one for support, whom only ann serves. */
const events: readonly CallCenterEvent[] = [
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'agent-on', atMs: startMs, userId: bob },
  ...[0, 5].flatMap((minute): CallCenterEvent[] => {
    const [id, atMs] = [callId(`handled ${minute}`), startMs + minute * minuteMs];
    return [
      { kind: 'arrival', atMs, callId: id, queueId: sales, priority: 0 },
      { kind: 'answer', atMs: atMs + 30_000, callId: id, userId: bob },
      { kind: 'end', atMs: atMs + 210_000, callId: id },
    ];
  }),
  { kind: 'arrival', atMs: startMs + 10 * minuteMs, callId: callId('a'), queueId: sales, priority: 0 },
  { kind: 'answer', atMs: startMs + 10 * minuteMs, callId: callId('a'), userId: bob },
  { kind: 'arrival', atMs: startMs + 11 * minuteMs, callId: callId('b'), queueId: sales, priority: 0 },
  { kind: 'answer', atMs: startMs + 11 * minuteMs, callId: callId('b'), userId: ann },
  { kind: 'arrival', atMs: startMs + 12 * minuteMs, callId: callId('c'), queueId: sales, priority: 0 },
  { kind: 'arrival', atMs: startMs + 12 * minuteMs, callId: callId('d'), queueId: support, priority: 0 },
];
const atMs = startMs + 13 * minuteMs;
const without = (...denied: readonly string[]) => allPermissions.filter((each) => !denied.includes(each));

describe('a queue is predicted from what one round of questions tells', () => {
  test('by the tutorial, by our model and by the platform, side by side', async () => {
    const { answer } = await predictAt(scripted(events), atMs, { queue: 'Sales' });
    expect(answer).toMatchObject({ queue: { id: sales, name: 'sales' }, notRead: [] });
    const [only, ...others] = answer.predictions;
    expect(others).toEqual([]);
    expect(only?.mediaType).toBe('voice');
    // 1 x 180 s / (1 x 0.8), half a percent less.
    expect(only?.tutorial).toMatchObject({ in_queue_count: 1, agents_available: 0, avg_handle_time: 180 });
    expect(only?.tutorial).toMatchObject({
      predicted_wait_seconds: 224,
      predicted_wait_formatted: '3:44',
      defaulted: [],
    });
    expect(only?.calibrated).toMatchObject({ reason: null, estimator: 'regression' });
    expect(only?.calibrated.inputs).toMatchObject({ waiting: 1, agentsOnQueue: 2, agentsIdle: 0, handleSeconds: 180 });
    // Half of its agents serve support too, where one waits.
    expect(only?.calibrated.inputs).toMatchObject({ poolWaiting: 1.5, waitingSource: 'interactions' });
    expect(only?.platform).toEqual({
      estimatedWaitTimeSeconds: expect.any(Number) as number,
      formula: 'BEST',
      reason: null,
    });
  });

  test('by its id as by its name', async () => {
    const { answer } = await predictAt(scripted(events), atMs, { queue: sales.toUpperCase() });
    expect(answer.queue).toEqual({ id: sales, name: 'sales' });
  });

  test('of a medium that nobody used too, which has no history', async () => {
    const { answer } = await predictAt(scripted(events), atMs, { queue: 'sales', mediaType: 'chat' });
    const [chat] = answer.predictions;
    expect(chat?.calibrated).toMatchObject({ mediaType: 'chat', reason: 'no_history', waitSecondsP50: null });
    expect(chat?.platform).toEqual({ estimatedWaitTimeSeconds: null, formula: null, reason: 'none_given' });
    expect(chat?.tutorial.defaulted).toEqual(['avg_handle_time', 'avg_wait_time']);
  });

  test('with a reason and no number where nobody is there', async () => {
    const { answer } = await predictAt(scripted(events), startMs - 1_000, { queue: 'support' });
    expect(answer.predictions[0]?.calibrated).toMatchObject({ reason: 'no_agents', waitSecondsP50: null });
    const table = renderAnswer(answer);
    expect(table.find((line) => line.startsWith('no estimate because'))).toMatch(/- +no_agents +none_given$/);
    expect(table.find((line) => line.startsWith('predicted_wait_seconds'))).toMatch(/ - +-$/);
  });

  test('by what is set for the queue alone, as by whoever listens', async () => {
    const ask = async (rule: Partial<QueueRule>) => {
      const queues = [{ pattern: 'sal*', ...rule }];
      const { answer } = await predictAt(scripted(events), atMs, { queue: 'sales' }, undefined, { queues });
      return answer.predictions[0]?.calibrated;
    };
    expect(await ask({ locale: 'de' })).toMatchObject({
      announcementText: expect.stringMatching(/^Ihre Wartezeit/) as string,
    });
    expect(await ask({ callbackAfterSeconds: 1 })).toMatchObject({ offerCallback: true });
    expect(await ask({ callbackAfterSeconds: null })).toMatchObject({ offerCallback: false });
    const [fromMinute, untilMinute] = [0, 1];
    expect(await ask({ openingHours: [{ fromMinute, untilMinute }] })).toMatchObject({ reason: 'closed' });
  });

  test('of a queue that is not there those that are there are told, with what is to be written', async () => {
    const asked = predictAt(scripted(events), atMs, { queue: 'sale' });
    await expect(asked).rejects.toThrow(
      `--queue=sale: allowed: the id or name of a queue that this OAuth client sees: sales (${sales})`,
    );
    await expect(predictAt(scripted(events), atMs, { queue: idOf('nowhere') })).rejects.toThrow(`support (${support})`);
  });
});

describe('what may not be read is named, and the rest is told all the same', () => {
  const namesOf = ({ notRead }: Awaited<ReturnType<typeof predictAt>>['answer']) =>
    notRead.map(({ name, status, permissions }) => [status, name, permissions]);

  test('without the observations nothing is known of who waits, and nothing is predicted', async () => {
    const permission = 'analytics:queueObservation:view';
    const { answer } = await predictAt(scripted(events), atMs, { queue: 'sales' }, without(permission));
    expect(namesOf(answer)).toEqual(
      ['call routing activity', 'call queue observations', 'call conversation activity'].map((name) => [
        'missing',
        name,
        [permission],
      ]),
    );
    const [voice] = answer.predictions;
    expect(voice?.calibrated).toMatchObject({ reason: 'stale', waitSecondsP50: null });
    expect(voice?.tutorial).toMatchObject({ reason: 'not_read', in_queue_count: null, predicted_wait_seconds: null });
    expect(voice?.tutorial.avg_handle_time).toBe(180);
    expect(voice?.platform.estimatedWaitTimeSeconds).toEqual(expect.any(Number));
    expect(renderAnswer(answer).join('\n')).toMatch(
      /^missing .*call queue observations.*grant analytics:queueObservation:view/m,
    );
  });

  test('without the aggregates there is no handle time: the tutorial says that it took the default, and we predict nothing', async () => {
    const permission = 'analytics:conversationAggregate:view';
    const { answer } = await predictAt(scripted(events), atMs, { queue: 'sales' }, without(permission));
    expect(namesOf(answer)).toEqual([['missing', 'call aggregates', [permission]]]);
    expect(answer.predictions[0]?.calibrated.reason).toBe('no_history');
    expect(answer.predictions[0]?.tutorial).toMatchObject({
      avg_handle_time: 240,
      defaulted: ['avg_handle_time', 'avg_wait_time'],
    });
  });

  test('without the queues an id is enough, a name is refused with the permission that it needs', async () => {
    const allowed = without('routing:queue:view');
    const { answer } = await predictAt(scripted(events), atMs, { queue: sales }, allowed);
    expect(namesOf(answer).map(([, name]) => name)).toEqual(['call queue', 'call estimated wait']);
    expect(answer.queue).toEqual({ id: sales, name: null });
    expect(answer.predictions[0]?.calibrated.reason).toBeNull();
    expect(answer.predictions[0]?.platform.reason).toBe('not_read');
    await expect(predictAt(scripted(events), atMs, { queue: 'sales' }, allowed)).rejects.toThrow('routing:queue:view');
  });

  test('without any permission it still ends, and everything is named once', async () => {
    const { answer } = await predictAt(scripted(events), atMs, { queue: sales }, []);
    expect(namesOf(answer)).toHaveLength(6);
    expect(answer.predictions).toMatchObject([{ mediaType: 'voice', calibrated: { reason: 'stale' } }]);
  });
});

test('whatever a centre is doing, a prediction is ordered and finite, or has a reason', async () => {
  const roster = createRoster(smallRoster.queues, smallRoster.agents);
  const queue = fc.constantFrom(...smallRoster.queues);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat({ max: 90 * minuteMs }), queue, async (seed, afterMs, name) => {
      const happened = [...happenings(seededRandom(String(seed)), startMs, startMs + afterMs)];
      const { answer } = await predictAt(scripted(happened, roster), startMs + afterMs, { queue: name });
      expect(answer.notRead).toEqual([]);
      for (const { calibrated, tutorial } of answer.predictions) {
        const { waitSecondsP50: p50, waitSecondsP80: p80, waitSecondsP90: p90, reason } = calibrated;
        expect(p50 === null).toBe(reason !== null);
        if (p50 === null || p80 === null || p90 === null) continue;
        expect([0 <= p50, p50 <= p80, p80 <= p90, Number.isFinite(p90)]).toEqual([true, true, true, true]);
        expect(tutorial.in_queue_count).toBe(calibrated.inputs.waiting);
      }
    }),
    { numRuns: 12 },
  );
}, 60_000);
