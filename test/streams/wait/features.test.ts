import { describe, expect, test } from 'vitest';
import { featuresOf } from '../../../streams/wait/features.ts';
import { foldWaits, startWaitModel, type WaitInput } from '../../../streams/wait/wait-model.ts';
import { agentStatus, answered, counted, interaction } from '../../support/wait-journals.ts';

function featuresAfter(inputs: readonly WaitInput[], atMs: number, priority = 0) {
  const model = startWaitModel();
  foldWaits(model, interaction('first', 0), null);
  foldWaits(model, answered('first', 0, 0), null);
  for (const input of inputs) foldWaits(model, input, null);
  const line = model.centre.lines.get('q/voice');
  if (line === undefined) throw new Error('no line q/voice');
  return featuresOf(model.centre, line, priority, atMs);
}

describe('what the estimators go by', () => {
  test('those who wait in other queues count by the share of the agents who serve these too', () => {
    const { poolWaiting, waiting, agents } = featuresAfter(
      [
        agentStatus('u', 0, { activeQueueIds: ['q', 'r'] }),
        agentStatus('v', 0, { activeQueueIds: ['q'] }),
        agentStatus('w', 0, { activeQueueIds: ['s'] }),
        ...['a', 'b', 'c', 'd'].map((id) => interaction(id, 1_000, { queueId: 'r' })),
        interaction('e', 1_000, { queueId: 's' }),
        interaction('f', 1_000),
      ],
      2_000,
    );
    expect([waiting, agents, poolWaiting]).toEqual([1, 2, 1 + 4 / 2]);
  });

  test('without agents there is nobody but the own queue to wait for', () => {
    const { poolWaiting, agents, agentsKnown } = featuresAfter([interaction('a', 1_000)], 2_000);
    expect([poolWaiting, agents, agentsKnown]).toEqual([1, 0, false]);
  });

  test('one who does not respond takes no calls, as the platform counts him', () => {
    const { agents, agentsIdle } = featuresAfter(
      [counted(1_000, { agentsOnQueue: 5, agentsNotResponding: 2, agentsIdle: 1 })],
      2_000,
    );
    expect([agents, agentsIdle]).toEqual([3, 1]);
  });

  test('how long agents have talked is a mean over all of them, also of more than are looked at', () => {
    const busy = Array.from({ length: 640 }, (_, n) =>
      agentStatus(`u${n}`, n * 1_000, { routingStatus: 'INTERACTING' }),
    );
    const { elapsedSecondsMean } = featuresAfter(busy, 640_000);
    expect(elapsedSecondsMean).toBeGreaterThan(310);
    expect(elapsedSecondsMean).toBeLessThan(330);
  });
});
