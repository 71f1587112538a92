import { describe, expect, test } from 'vitest';
import { followAgents } from '../../streams/agent-state.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { run } from '../../streams/logic.ts';

const said = (receivedAtMs: number, routingStatus: string, routingStatusSinceMs: number): QueueEvent => ({
  ...{ kind: 'agent-status', receivedAtMs, userId: 'u', routingStatus, routingStatusSinceMs },
  ...{ presence: null, presenceSinceMs: null, activeQueueIds: null },
});
const last = (...events: QueueEvent[]) => run(followAgents(), events).at(-1)?.value;

describe('what an agent does', () => {
  test('is not set back by an answer that a newer frame has overtaken', () => {
    const events = [said(1_000, 'IDLE', 900), said(2_000, 'INTERACTING', 1_900), said(2_100, 'IDLE', 900)];
    expect(last(...events)).toMatchObject({ routingStatus: 'INTERACTING', routingStatusSinceMs: 1_900 });
  });

  test('is known after the clock of the platform was ahead, though what comes then has earlier dates', () => {
    const ahead = said(1_000, 'IDLE', 91_000);
    expect(last(ahead)).toMatchObject({ routingStatusSinceMs: 1_000 });
    expect(last(ahead, said(30_000, 'INTERACTING', 29_900))).toMatchObject({ routingStatus: 'INTERACTING' });
  });

  test('has its date set right where the status is the same', () => {
    expect(last(said(95_000, 'IDLE', 91_000), said(180_000, 'IDLE', 1_000))).toMatchObject({
      routingStatusSinceMs: 1_000,
    });
  });
});
