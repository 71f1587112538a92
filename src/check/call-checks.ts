import * as snapshot from '../genesys/snapshot.ts';
import { readSatisfaction, surveysPermission } from '../genesys/surveys.ts';
import * as wire from '../genesys/wire.ts';
import type { Finding } from './finding.ts';
import { ask, type Asking, type Call, type Check, noStart } from './platform-checks.ts';

// The calls that `run` makes, each for itself.

/** Of no queue: whether a call is allowed can be asked without one. */
const nobody = '00000000-0000-0000-0000-000000000000';
const halfHourMs = 1_800_000;

const observationPermission = ['analytics:queueObservation:view'];

/** Queues to ask about, and one of them for what is only to be allowed. */
const askedOf = (queueIds: readonly string[]) => (queueIds.length === 0 ? [nobody] : queueIds);
const oneOf = (queueIds: readonly string[]) => askedOf(queueIds).slice(0, 1);

const checkQueues: Check = async (asking) => {
  const { finding, value: queueIds = [] } = await ask(
    asking,
    { name: 'call queues', cost: `no queue is known: ${noStart}`, needed: ['routing:queue:view'] },
    () => listQueues(asking),
    (ids) => `${ids.length} queues in the divisions of the client`,
  );
  return { findings: [finding], learned: { queueIds } };
};

async function listQueues({ rest, signal }: Asking): Promise<readonly string[]> {
  const ids: string[] = [];
  const all = snapshot.pages(rest, '/api/v2/routing/queues', 'pageSize=100', wire.queuesAnswer, signal);
  for await (const { entities } of all) ids.push(...entities.map(({ id }) => id));
  return ids;
}

const checkMembers: Check = async (asking, { queueIds }) => {
  const { finding, value: userIds = [] } = await ask(
    asking,
    { name: 'call routing activity', cost: `agents are not known: ${noStart}`, needed: observationPermission },
    () => listMembers(asking, askedOf(queueIds)),
    (ids) => `${ids.length} agents are members of these queues`,
  );
  return { findings: [finding], learned: { userIds } };
};

async function listMembers({ rest, signal }: Asking, queueIds: readonly string[]): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const some of snapshot.batchesOf(queueIds)) {
    const body = await rest.post(snapshot.paths.routing, snapshot.routingQuery('queueId', some), signal);
    const { results = [] } = snapshot.readAnswer(wire.routingActivityAnswer, body);
    for (const { entities = [] } of results) for (const { userId } of entities) ids.add(userId);
  }
  return [...ids];
}

/** A call of which only counts whether it is answered; `one` holds one queue. */
function callCheck(call: Call, once: (asking: Asking, one: readonly string[]) => Promise<unknown>): Check {
  return async (asking, { queueIds }) => {
    const { finding } = await ask(asking, call, () => once(asking, oneOf(queueIds)));
    return { findings: [finding] };
  };
}

const checkObservations = callCheck(
  { name: 'call queue observations', cost: `counts after a start or a gap: ${noStart}`, needed: observationPermission },
  ({ rest, signal }, one) => rest.post(snapshot.paths.observations, snapshot.observationsQuery(one), signal),
);

const checkConversations = callCheck(
  {
    name: 'call conversation activity',
    cost: `who waits since when, after a start or a gap: ${noStart}`,
    needed: observationPermission,
  },
  ({ rest, signal }, one) => rest.post(snapshot.paths.conversations, snapshot.conversationsQuery(one), signal),
);

const checkAggregates = callCheck(
  {
    name: 'call aggregates',
    cost: 'totals of half hours that a gap has touched are not read again',
    needed: ['analytics:conversationAggregate:view'],
  },
  ({ rest, signal, clock }, one) => {
    const endMs = clock.nowMs() - (clock.nowMs() % halfHourMs);
    const halfHour = { startMs: endMs - halfHourMs, endMs, queueIds: one };
    return snapshot.readHalfHours(rest, halfHour, () => endMs, signal);
  },
);

const checkUsers = callCheck(
  { name: 'call users', cost: `skills and languages of agents: ${noStart}`, needed: [] },
  ({ rest, signal }) => rest.get('/api/v2/users?pageSize=1&expand=skills,languages', signal),
);

/** Only where surveys are read. */
export const checkSurveys = callCheck(
  {
    name: 'call surveys',
    cost: 'optional: satisfaction counts as 0.5 for all agents where they are ranked',
    needed: [surveysPermission],
  },
  ({ rest, signal, clock }) => {
    const endMs = clock.nowMs();
    return readSatisfaction(rest, { startMs: endMs - halfHourMs, endMs }, signal);
  },
);

/** Whether there is somebody to watch. */
const checkInventory: Check = (_, { queueIds, userIds }) => {
  if (queueIds.length > 0 && userIds.length > 0) return Promise.resolve({ findings: [] });
  return Promise.resolve({ findings: [nothingToWatch(queueIds.length === 0 ? 'queue' : 'agent')] });
};

function nothingToWatch(what: 'queue' | 'agent'): Finding {
  const told = `the client sees no ${what}, and ${what === 'queue' ? 'no topic is' : 'their topics are not'} tried`;
  const cost = what === 'queue' ? noStart : 'no wait is predicted without agents';
  return { name: `${what}s`, status: 'missing', told, cost, wayOut: "check the OAuth client's divisions" };
}

export const callChecks: readonly Check[] = [
  checkQueues,
  checkMembers,
  checkObservations,
  checkConversations,
  checkAggregates,
  checkUsers,
  checkInventory,
];
