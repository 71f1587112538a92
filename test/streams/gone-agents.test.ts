import { expect, test } from 'vitest';
import type { QueueEvent } from '../../streams/event.ts';
import { dropWordOfGoneAgents } from '../../streams/gone-agents.ts';
import { run } from '../../streams/logic.ts';

const status = (receivedAtMs: number, userId = 'u'): QueueEvent => ({
  ...{ kind: 'agent-status', receivedAtMs, userId, routingStatus: 'IDLE', routingStatusSinceMs: 1 },
  ...{ presence: null, presenceSinceMs: null, activeQueueIds: null },
});
const removed: QueueEvent = { kind: 'agent-removed', receivedAtMs: 2, userId: 'u' };
const listed: QueueEvent = { kind: 'agent-profile', receivedAtMs: 4, userId: 'u', skills: [], languages: [] };

test('what is on its way of an agent who was removed is dropped until he is listed again; of others it is not', () => {
  const events = [status(1), removed, status(3), status(3, 'v'), listed, status(5)];
  expect(run(dropWordOfGoneAgents(), events)).toEqual([status(1), removed, status(3, 'v'), listed, status(5)]);
});
