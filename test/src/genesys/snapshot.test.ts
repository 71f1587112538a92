import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RestArrival } from '../../../src/genesys/arrival.ts';
import { activityTopic, conversationsTopic, observationsTopic } from '../../../src/genesys/channel-plan.ts';
import type { Rest } from '../../../src/genesys/rest.ts';
import { takeSnapshot } from '../../../src/genesys/snapshot.ts';
import { createSpoken } from '../../../src/genesys/spoken.ts';

const { signal } = new AbortController();

/** The n-th question to a platform during which these topics speak, and what was taken of its answer. */
function ask(topicsDuring: (question: number, path: string) => readonly string[], isPatient = true) {
  const spoken = createSpoken();
  const taken: { readonly question: number; readonly path: string; readonly ids: readonly string[] }[] = [];
  const askedOf: string[][] = [];
  let questions = 0;
  const unused = () => Promise.reject(new Error('not asked for'));
  const rest: Rest = {
    ...{ get: unused, put: unused, delete: unused },
    async post(path, body) {
      const { filter } = body as { filter: { predicates: { value: string }[] } };
      const ids = filter.predicates.map(({ value }) => value);
      askedOf.push(ids);
      questions += 1;
      await Promise.resolve();
      for (const topic of topicsDuring(questions, path)) spoken.note(topic);
      const entities = ids.map((userId) => ({ userId, queueId: 'q' }));
      return path.includes('/routing/') ? { results: [{ entities }] } : { results: [] };
    },
  };
  const onAnswer = ({ path, queueIds, body }: Omit<RestArrival, 'kind' | 'receivedAtMs'>) => {
    const { results } = body as { results: { entities?: { userId: string }[] }[] };
    const userIds = results.flatMap(({ entities = [] }) => entities.map(({ userId }) => userId));
    taken.push({ question: questions, path, ids: [...queueIds, ...userIds] });
    return questions;
  };
  const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
  const of = { queueIds: ['q', 'r'], waitingOf: ['q'], userIds: ['u', 'v'] };
  const done = takeSnapshot({ rest, clock, spoken, onAnswer, isPatient, ...of }, signal);
  return { done, taken, askedOf };
}

const topicsOf = (path: string) => [
  path.includes('/routing/') ? activityTopic : path.includes('/queues/') ? observationsTopic : conversationsTopic,
];

describe('an answer', () => {
  test('is never taken of those that spoke of the same while it was on its way, however often they do', async () => {
    const loud = (question: number) => (question < 20 ? [observationsTopic('q'), activityTopic('u')] : []);
    const { done, taken } = ask(loud);
    await done;
    const of = (id: string, part: string) => taken.filter(({ path, ids }) => path.includes(part) && ids.includes(id));
    expect(of('q', '/queues/').map(({ question }) => question >= 20)).toEqual([true]);
    expect(of('u', '/routing/').map(({ question }) => question >= 20)).toEqual([true]);
    for (const [id, part] of [
      ['r', '/queues/'],
      ['v', '/routing/'],
      ['q', '/conversations/'],
    ] as const) {
      expect(of(id, part).map(({ question }) => question < 20)).toEqual([true]);
    }
  });

  test('is left alone by a look at everything where somebody speaks each time: that one is heard', async () => {
    const { done, taken, askedOf } = ask(() => [observationsTopic('q')], false);
    await done;
    expect(taken.filter(({ path }) => path.includes('/queues/')).map(({ ids }) => ids)).toEqual([['r']]);
    expect(askedOf.filter((ids) => ids.length === 1 && ids[0] === 'q')).toHaveLength(4);
  });

  test('is taken of everything once, whoever speaks when, and never of what spoke meanwhile', async () => {
    const speech = fc.array(fc.subarray(['q', 'r', 'u', 'v']), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(speech, async (during) => {
        const topics = (question: number, path: string) =>
          topicsOf(path).flatMap((topicOf) => (during[question - 1] ?? []).map(topicOf));
        const { done, taken } = ask(topics);
        await done;
        for (const { question, ids } of taken) {
          for (const id of ids) expect(during[question - 1] ?? []).not.toContain(id);
        }
        const all = taken.flatMap(({ path, ids }) => ids.map((id) => `${path.split('/').at(-3) ?? ''} ${id}`));
        expect(all.toSorted()).toEqual(
          ['conversations q', 'queues q', 'queues r', 'routing u', 'routing v'].toSorted(),
        );
      }),
    );
  });

  test('that is older than one to another question about the same is not taken after it', async () => {
    const spoken = createSpoken();
    const held: ((body: object) => void)[] = [];
    const taken: unknown[] = [];
    const unused = () => Promise.reject(new Error('not asked for'));
    const rest: Rest = {
      ...{ get: unused, put: unused, delete: unused },
      post: () => new Promise((resolve) => held.push(resolve)),
    };
    const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
    const answerOf = (count: number) => ({
      results: [{ group: { queueId: 'q' }, data: [{ metric: 'oMemberUsers', stats: { count } }] }],
    });
    const onAnswer = ({ body }: { readonly body: unknown }) => taken.push(body);
    const of = { queueIds: ['q'], waitingOf: [], userIds: [], isPatient: true };
    const first = takeSnapshot({ rest, clock, spoken, onAnswer, ...of }, signal);
    const second = takeSnapshot({ rest, clock, spoken, onAnswer, ...of }, signal);
    held[1]?.(answerOf(2));
    await second;
    held[0]?.(answerOf(1));
    await new Promise((resolve) => setImmediate(resolve));
    held[2]?.(answerOf(3));
    await first;
    expect(taken).toEqual([answerOf(2), answerOf(3)]);
  });
});
