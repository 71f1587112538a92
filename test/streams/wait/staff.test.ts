import { describe, expect, test } from 'vitest';
import { agentsMax, foldAgentStatus, startStaff } from '../../../streams/wait/staff.ts';
import { agentStatus } from '../../support/wait-journals.ts';

describe('who serves a queue', () => {
  test('an agent who was told with a clock that was ahead is believed when that clock was set right', () => {
    const staff = startStaff();
    foldAgentStatus(staff, agentStatus('u', 1_000, { routingStatusSinceMs: 3_600_000 }));
    foldAgentStatus(staff, agentStatus('u', 2_000, { routingStatus: 'INTERACTING' }));
    expect([...(staff.queues.get('q')?.busySinceMs ?? [])]).toEqual([['u', 2_000]]);
  });

  test('what was on its way while something newer arrived says nothing, but an earlier date of the same status does', () => {
    const staff = startStaff();
    foldAgentStatus(staff, agentStatus('u', 5_000));
    foldAgentStatus(staff, agentStatus('u', 6_000, { routingStatus: 'INTERACTING', routingStatusSinceMs: 4_000 }));
    expect([...(staff.queues.get('q')?.idleSinceMs ?? [])]).toEqual([['u', 5_000]]);
    foldAgentStatus(staff, agentStatus('u', 7_000, { routingStatusSinceMs: 3_000 }));
    expect([...(staff.queues.get('q')?.idleSinceMs ?? [])]).toEqual([['u', 3_000]]);
  });

  test('a queue that is named twice is served once', () => {
    const staff = startStaff();
    foldAgentStatus(staff, agentStatus('u', 1_000, { activeQueueIds: ['q', 'r', 'q'] }));
    expect([...(staff.queues.get('q')?.shared ?? [])]).toEqual([
      ['q', 1],
      ['r', 1],
    ]);
  });

  test('one who does not respond serves nobody until he is back', () => {
    const staff = startStaff();
    foldAgentStatus(staff, agentStatus('u', 1_000));
    foldAgentStatus(staff, agentStatus('u', 2_000, { routingStatus: 'NOT_RESPONDING', activeQueueIds: null }));
    expect(staff.queues.size).toBe(0);
    foldAgentStatus(staff, agentStatus('u', 3_000, { activeQueueIds: null }));
    expect(staff.queues.get('q')?.idleSinceMs.size).toBe(1);
  });

  test('of more agents than any centre has those are forgotten who were not heard for longest', () => {
    const staff = startStaff();
    for (let n = 0; n < agentsMax; n += 1) foldAgentStatus(staff, agentStatus(`u${n}`, n));
    foldAgentStatus(staff, agentStatus('u0', agentsMax, { routingStatus: 'INTERACTING' }));
    foldAgentStatus(staff, agentStatus('one more', agentsMax));
    expect(staff.agents.size).toBe(agentsMax);
    expect(staff.agents.has('u1')).toBe(false);
    expect(staff.queues.get('q')?.busySinceMs.size).toBe(1);
    expect(staff.queues.get('q')?.shared.get('q')).toBe(agentsMax);
  });
});
