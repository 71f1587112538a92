import type { Clock } from '../../sinks/clock.ts';
import type { QueueEvent } from '../../streams/event.ts';
import type { Finding } from '../check/finding.ts';
import { judgeFailure } from '../check/judge.ts';
import { ask, attempt, type Call, type Judging } from '../check/platform-checks.ts';
import { ConfigError } from '../config.ts';
import type { RestArrival } from '../genesys/arrival.ts';
import { decodeArrival } from '../genesys/decode.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { Rest } from '../genesys/rest.ts';
import * as snapshot from '../genesys/snapshot.ts';
import * as wire from '../genesys/wire.ts';
import type { Reading } from './fold.ts';
import { settingNameOf } from './media.ts';
import { chooseQueue, isQueueId, type QueueName } from './queue-choice.ts';

export interface Reader extends Judging {
  readonly rest: Rest;
  /** Platform time. */
  readonly clock: Clock;
}

/** What the platform itself says; null with the reason where it says nothing. */
export interface PlatformEstimate {
  readonly estimatedWaitTimeSeconds: number | null;
  readonly formula: string | null;
  /** `none_given`: the platform makes no prediction now. `not_read`: it could not be asked. */
  readonly reason: 'none_given' | 'not_read' | null;
}

/** Something that was read, or only what kept it from being read. */
interface Read<T> {
  readonly value: T;
  /** What could not be read, with the permission that it needs. */
  readonly notRead: readonly Finding[];
}

const queuesPath = '/api/v2/routing/queues';
const viewQueues = ['routing:queue:view'];
const viewObservations = ['analytics:queueObservation:view'];

/** What is refused for one batch of queues is so for the next. */
function note(notRead: Finding[], found: readonly Finding[]): void {
  for (const finding of found) {
    const isNoted = notRead.some(({ name, told }) => name === finding.name && told === finding.told);
    if (!isNoted) notRead.push(finding);
  }
}

const unread = (...findings: readonly Finding[]) => findings.filter(({ status }) => status !== 'ok');

/**
 * Finds the queue of an id or a name. Throws a `ConfigError` for one that is not there or not the only one, and a `GenesysError` for a name
 * that may not be looked up.
 */
export async function findQueue(reader: Reader, wanted: string): Promise<Read<QueueName>> {
  const { rest, signal } = reader;
  if (isQueueId(wanted)) {
    const id = wanted.trim().toLowerCase();
    const found = await attempt(reader, () => rest.get(`${queuesPath}/${id}`, signal));
    if (!(found instanceof GenesysError)) {
      return { value: snapshot.readAnswer(wire.queueAnswer, found), notRead: [] };
    }
    if (found.code === 'QC_GENESYS_PERMISSION') {
      const call = { name: 'call queue', cost: 'the name of the queue, and whether it is there', needed: viewQueues };
      return { value: { id, name: null }, notRead: [judgeFailure(call, found, reader.lastAnswer()?.answer)] };
    }
    // Of one that is not there, those that are will be told.
    if (found.code !== 'QC_GENESYS_NOT_FOUND') throw found;
  }
  const queues: QueueName[] = [];
  const pages = snapshot.pages(rest, queuesPath, 'pageSize=100', wire.queuesAnswer, signal);
  for await (const { entities } of pages) queues.push(...entities);
  const choice = chooseQueue(queues, wanted);
  if ('queue' in choice) return { value: choice.queue, notRead: [] };
  throw new ConfigError([{ where: '--queue', value: wanted, allowed: choice.allowed }]);
}

const halfHourMs = 1_800_000;
/** How long interactions take is asked of a whole day: also the first caller of a morning is told something. */
const halfHoursOfDay = 48;
/** How fast it goes is that of the last two hours. */
const halfHoursOfPace = 5;

const history: Call = {
  name: 'call aggregates',
  cost: 'how long interactions take and how fast it goes: no wait is predicted',
  needed: ['analytics:conversationAggregate:view'],
};
const agents: Call = {
  name: 'call routing activity',
  cost: 'which agents serve other queues too, and how long each has been busy',
  needed: viewObservations,
};
const counts: Call = {
  name: 'call queue observations',
  cost: 'who waits and which agents are there: no wait is predicted',
  needed: viewObservations,
};
const waiting: Call = { name: 'call conversation activity', cost: 'since when each waits', needed: viewObservations };

/** Reads what predictions go by, of the queue and of all that its agents serve too. What may not be read is left out, and named. */
export async function readQueue(reader: Reader, queueId: string): Promise<Read<Reading>> {
  const { rest, clock, signal } = reader;
  const events: QueueEvent[] = [];
  const notRead: Finding[] = [];

  const take = (call: Call, arrivals: readonly Omit<RestArrival, 'kind' | 'receivedAtMs'>[]) => {
    const receivedAtMs = clock.nowMs();
    for (const event of arrivals.flatMap((each) => decodeArrival({ kind: 'rest', receivedAtMs, ...each }))) {
      if (event.kind !== 'input-rejected') events.push(event);
      else
        note(notRead, [{ name: call.name, status: 'failed', told: `${event.place}: ${event.cause}`, cost: call.cost }]);
    }
  };
  const read = async (call: Call, once: () => Promise<void>) => {
    note(notRead, unread((await ask(reader, call, once)).finding));
  };
  const post = async (path: string, query: object) => (await rest.post(path, query, signal)) ?? {};

  await read(agents, async () => {
    const ofQueue = await post(snapshot.paths.routing, snapshot.routingQuery('queueId', [queueId]));
    // Of their other queues only who is asked about by name tells.
    for (const some of snapshot.batchesOf(agentsAtWork(ofQueue))) {
      const body = await post(snapshot.paths.routing, snapshot.routingQuery('userId', some));
      take(agents, [{ path: snapshot.paths.routing, queueIds: [], body }]);
    }
  });

  const readHistory = (queueIds: readonly string[], halfHours: number) =>
    read(history, async () => {
      const endMs = clock.nowMs() - (clock.nowMs() % halfHourMs) + halfHourMs;
      const interval = { startMs: endMs - halfHours * halfHourMs, endMs };
      const body = await post(snapshot.paths.aggregates, snapshot.aggregatesQuery(interval, queueIds));
      take(history, [{ path: snapshot.paths.aggregates, queueIds, interval, body }]);
    });
  const told = events.flatMap((event) => (event.kind === 'agent-status' ? (event.activeQueueIds ?? []) : []));
  const shared = [...new Set(told)].filter((id) => id !== queueId);
  await readHistory([queueId], halfHoursOfDay);
  for (const queueIds of snapshot.batchesOf(shared)) await readHistory(queueIds, halfHoursOfPace);
  for (const queueIds of snapshot.batchesOf([queueId, ...shared])) {
    // Last, so that it is fresh.
    await read(counts, async () => {
      const body = await post(snapshot.paths.observations, snapshot.observationsQuery(queueIds));
      take(counts, [{ path: snapshot.paths.observations, queueIds, body }]);
    });
    await read(waiting, async () => {
      const body = await post(snapshot.paths.conversations, snapshot.conversationsQuery(queueIds));
      take(waiting, [{ path: snapshot.paths.conversations, queueIds, body }]);
    });
  }
  return { value: { queueId, atMs: clock.nowMs(), events }, notRead };
}

/** Members of a queue who may be on queue now. */
export function agentsAtWork(body: unknown): readonly string[] {
  const { results = [] } = snapshot.readAnswer(wire.routingActivityAnswer, body);
  const members = results.flatMap(({ entities = [] }) => entities);
  const isAtWork = ({ queueMembershipStatus, routingStatus }: (typeof members)[number]) =>
    queueMembershipStatus !== 'inactive' && routingStatus !== 'OFF_QUEUE';
  return [...new Set(members.filter(isAtWork).map(({ userId }) => userId))];
}

/** Asks the platform what it would say itself: of one medium, for that of the whole queue mixes calls with e-mails. */
export async function readEstimate(
  reader: Reader,
  queueId: string,
  mediaType: string,
): Promise<Read<PlatformEstimate>> {
  const path = `${queuesPath}/${queueId}/mediatypes/${settingNameOf(mediaType)}/estimatedwaittime`;
  const call = { name: 'call estimated wait', cost: "the platform's own estimate", needed: viewQueues };
  const { finding, value } = await ask(reader, call, async () =>
    snapshot.readAnswer(wire.estimatedWaitAnswer, (await reader.rest.get(path, reader.signal)) ?? {}),
  );
  if (value === undefined) return { value: noEstimate('not_read'), notRead: unread(finding) };
  const given = value.results?.find(({ estimatedWaitTimeSeconds: seconds }) => seconds !== undefined);
  if (given?.estimatedWaitTimeSeconds === undefined) return { value: noEstimate('none_given'), notRead: [] };
  const { estimatedWaitTimeSeconds, formula = null } = given;
  return { value: { estimatedWaitTimeSeconds, formula, reason: null }, notRead: [] };
}

const noEstimate = (reason: 'none_given' | 'not_read'): PlatformEstimate => ({
  estimatedWaitTimeSeconds: null,
  formula: null,
  reason,
});
