import fc from 'fast-check';
import type { EventOf } from '../../streams/event.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import type { WaitInput } from '../../streams/wait/wait-model.ts';
import { dayStartMs } from './arbitraries.ts';

type Interaction = EventOf<'interaction-changed'>;
type Status = EventOf<'agent-status'>;
type Snapshot = EventOf<'queue-snapshot'>;

/** A conversation that waits in `q`, unless `and` says what else became of it. */
export function interaction(
  conversationId: string,
  enqueuedAtMs: number,
  and: Partial<Interaction> & { readonly priority?: number | null; readonly leftAtMs?: number | null } = {},
): Interaction {
  const { priority = 0, leftAtMs = null, ...rest } = and;
  return {
    kind: 'interaction-changed',
    receivedAtMs: enqueuedAtMs,
    queueId: 'q',
    conversationId,
    mediaType: 'voice',
    stays: [{ enqueuedAtMs, leftAtMs, priority, skillIds: [], languageId: null }],
    agents: [],
    customerLeftAtMs: null,
    ...rest,
  };
}

/** The same, answered at `connectedAtMs` and, if it is over, ended at `endedAtMs`. */
export function answered(
  conversationId: string,
  enqueuedAtMs: number,
  connectedAtMs: number,
  and: Parameters<typeof interaction>[2] & { readonly userId?: string; readonly endedAtMs?: number } = {},
): Interaction {
  const { userId = 'u', endedAtMs = null, ...rest } = and;
  return interaction(conversationId, enqueuedAtMs, {
    receivedAtMs: endedAtMs ?? connectedAtMs,
    leftAtMs: connectedAtMs,
    agents: [{ userId, connectedAtMs, endedAtMs, wrapUpEndedAtMs: endedAtMs }],
    ...rest,
  });
}

export const abandoned = (conversationId: string, enqueuedAtMs: number, atMs: number): Interaction =>
  interaction(conversationId, enqueuedAtMs, { receivedAtMs: atMs, leftAtMs: atMs, customerLeftAtMs: atMs });

export const agentStatus = (userId: string, receivedAtMs: number, and: Partial<Status> = {}): Status => ({
  kind: 'agent-status',
  receivedAtMs,
  userId,
  routingStatus: 'IDLE',
  routingStatusSinceMs: receivedAtMs,
  presence: null,
  presenceSinceMs: null,
  activeQueueIds: ['q'],
  ...and,
});

/** The counts of `q`, of which nothing else is known. */
export const counted = (
  observedAtMs: number,
  and: Partial<QueueState> = {},
): Extract<WaitInput, { readonly kind: 'queue-state' }> => ({
  kind: 'queue-state',
  state: {
    queueId: 'q',
    mediaType: 'voice',
    status: 'observed',
    waiting: 0,
    longestWaitStartMs: null,
    interacting: 0,
    agentsOnQueue: null,
    agentsIdle: null,
    agentsInteracting: null,
    agentsCommunicating: null,
    agentsNotResponding: null,
    agentsOffQueue: null,
    offered: null,
    answered: null,
    abandoned: null,
    serviceLevel: null,
    serviceLevelTarget: null,
    totalsSinceMs: null,
    handleSecondsMean: null,
    observedAtMs,
    ...and,
  },
});

/** What the totals of `q` of a half hour have grown to, as a count and a sum in milliseconds. */
export const total = (
  receivedAtMs: number,
  metric: 'tAnswered' | 'tAbandon',
  stats: { readonly count: number; readonly sum: number },
  startMs = 0,
): WaitInput => ({
  kind: 'queue-interval',
  receivedAtMs,
  queueId: 'q',
  mediaType: 'voice',
  startMs,
  endMs: startMs + 1_800_000,
  metrics: [{ metric, qualifier: null, stats }],
});

/** Those who wait in `q`, by name and the time at which they joined. */
export const snapshot = (receivedAtMs: number, waiting: Readonly<Record<string, number>>, queueId = 'q'): Snapshot => ({
  kind: 'queue-snapshot',
  receivedAtMs,
  queueId,
  groups: null,
  waiting: Object.entries(waiting).map(([conversationId, enqueuedAtMs]) => ({
    conversationId,
    mediaType: 'voice',
    enqueuedAtMs,
    priority: 0,
    skillIds: [],
    languageId: null,
  })),
});

export const removed = (receivedAtMs: number, queueId = 'q'): WaitInput => ({
  kind: 'queue-removed',
  receivedAtMs,
  queueId,
});

export const tick = (receivedAtMs: number): WaitInput => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });

const queueIds = ['q', 'r', 's'];
const queueId = fc.constantFrom(...queueIds);
const mediaType = fc.constantFrom('voice', 'voice', 'voice', 'chat');
const conversationId = fc.nat({ max: 30 }).map((id) => `c${id}`);
const userId = fc.nat({ max: 8 }).map((id) => `u${id}`);
const priority = fc.oneof(
  fc.constantFrom(0, 0, 0, 1, 2, null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
/** Milliseconds from now: mostly in the past, also long ago, also in the future. */
const fromNow = fc.oneof(fc.constant(0), fc.integer({ min: -600_000, max: 0 }), fc.integer({ min: -1e12, max: 1e12 }));
const orNull = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const count = fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 12 }) }, { weight: 1, arbitrary: fc.nat({ max: 1500 }) });

/** Something that may or may not be possible, at a time that is yet to be said. */
const happening: fc.Arbitrary<(nowMs: number) => WaitInput> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        queueId,
        mediaType,
        conversationId,
        stays: fc.array(fc.record({ enqueued: fromNow, left: orNull(fromNow), priority }), { maxLength: 3 }),
        agents: fc.array(
          fc.record({ userId, connected: orNull(fromNow), ended: orNull(fromNow), wrapUp: orNull(fromNow) }),
          { maxLength: 2 },
        ),
        customerLeft: orNull(fromNow),
      })
      .map(({ stays, agents, customerLeft, ...names }) => (receivedAtMs: number) => {
        const at = (ms: number | null) => (ms === null ? null : receivedAtMs + ms);
        return {
          ...interaction(names.conversationId, receivedAtMs),
          ...names,
          stays: stays.map((stay) => ({
            enqueuedAtMs: receivedAtMs + stay.enqueued,
            leftAtMs: at(stay.left),
            priority: stay.priority,
            skillIds: [],
            languageId: null,
          })),
          agents: agents.map((agent) => ({
            userId: agent.userId,
            connectedAtMs: at(agent.connected),
            endedAtMs: at(agent.ended),
            wrapUpEndedAtMs: at(agent.wrapUp),
          })),
          customerLeftAtMs: at(customerLeft),
        };
      }),
  },
  {
    weight: 8,
    // What mostly happens: a second to come, some time to wait, some time to talk.
    arbitrary: fc
      .record({
        queueId,
        conversationId,
        priority,
        minute: fc.nat({ max: 9 }),
        what: fc.constantFrom('joins', 'answered', 'ended', 'left'),
      })
      .map(({ queueId: queue, conversationId: id, priority: worth, minute, what }) => (nowMs: number) => {
        const enqueuedAtMs = nowMs - (nowMs % 600_000) + minute * 1000;
        const and = { queueId: queue, priority: worth, receivedAtMs: nowMs };
        if (what === 'joins') return interaction(id, enqueuedAtMs, and);
        if (what === 'left') return { ...abandoned(id, enqueuedAtMs, nowMs), queueId: queue };
        return answered(id, enqueuedAtMs, nowMs, what === 'ended' ? { ...and, endedAtMs: nowMs + 1 } : and);
      }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        userId,
        routingStatus: orNull(fc.constantFrom('IDLE', 'INTERACTING', 'COMMUNICATING', 'NOT_RESPONDING', 'OFF_QUEUE')),
        since: orNull(fromNow),
        activeQueueIds: orNull(fc.array(queueId, { maxLength: 4 })),
      })
      .map(
        ({ userId: user, since, ...status }) =>
          (nowMs: number) =>
            agentStatus(user, nowMs, { ...status, routingStatusSinceMs: since === null ? null : nowMs + since }),
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        queueId,
        mediaType,
        status: fc.constantFrom<QueueState['status']>('observed', 'observed', 'stale'),
        waiting: orNull(count),
        interacting: orNull(count),
        longest: orNull(fromNow),
        agentsOnQueue: orNull(count),
        agentsIdle: orNull(count),
        agentsNotResponding: orNull(count),
        handleSecondsMean: orNull(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }))),
      })
      .map(
        ({ longest, ...state }) =>
          (nowMs: number) =>
            counted(nowMs, { ...state, longestWaitStartMs: longest === null ? null : nowMs + longest }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        queueId,
        metric: fc.constantFrom('tAnswered' as const, 'tAbandon' as const),
        count,
        sum: fc.oneof(fc.nat({ max: 600_000 }), fc.integer({ min: -1e12, max: 1e12 })),
      })
      .map(({ queueId: queue, metric, ...stats }) => (nowMs: number) => ({
        ...total(nowMs, metric, stats, nowMs - (nowMs % 1_800_000)),
        queueId: queue,
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(queueId, fc.dictionary(conversationId, fromNow, { maxKeys: 5 }))
      .map(([queue, waiting]) => (nowMs: number) => {
        const named = Object.entries(waiting).map(([id, ms]) => [id, nowMs + ms]);
        return snapshot(nowMs, Object.fromEntries(named), queue);
      }),
  },
  { weight: 1, arbitrary: queueId.map((queue) => (nowMs: number) => removed(nowMs, queue)) },
  { weight: 2, arbitrary: fc.constant(tick) },
);

/** What time does from one event to the next: it goes on, now and then by days, and sometimes runs backwards. */
const passing = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -3_600_000, max: 864_000_000 }) },
);

/** Anything in any order, some of it twice. */
export const waitJournals: fc.Arbitrary<readonly WaitInput[]> = fc
  .array(fc.tuple(passing, happening, fc.nat({ max: 9 })), { maxLength: 120 })
  .map((steps) => {
    const journal: WaitInput[] = [];
    let nowMs = dayStartMs;
    for (const [afterMs, happen, again] of steps) {
      nowMs += afterMs;
      const input = happen(nowMs);
      journal.push(input);
      if (again === 0) journal.push(input);
    }
    return journal;
  });
