import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { settingNameOf, type MediaType } from '../../../src/simulator/media.ts';
import { createModel } from '../../../src/simulator/model/model.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';
import { voiceSettings, type Roster } from '../../../src/simulator/roster.ts';
import {
  ann,
  bob,
  bodyOf,
  callId,
  clientOf,
  connectClient,
  sales,
  scripted,
  smallRoster,
  startMs,
  support,
  type VirtualClient,
} from './virtual-client.ts';

const roster: Roster = {
  ...smallRoster,
  queues: smallRoster.queues.map((queue) => ({ ...queue, media: { voice: voiceSettings, email: voiceSettings } })),
};
const on = (userId: string): CallCenterEvent => ({ kind: 'agent-on', atMs: startMs, userId });
const arrival = (name: string, seconds: number, more: object = {}): CallCenterEvent => ({
  kind: 'arrival',
  atMs: startMs + seconds * 1000,
  callId: callId(name),
  queueId: sales,
  priority: 0,
  ...more,
});
/** Arrives, is answered at once and ends some seconds later. */
const handled = (name: string, userId: string, seconds: number, talkSeconds: number, more: object = {}) => [
  arrival(name, seconds, more),
  { kind: 'answer', atMs: startMs + seconds * 1000, callId: callId(name), userId } as const,
  { kind: 'end', atMs: startMs + (seconds + talkSeconds) * 1000, callId: callId(name) } as const,
];
const busy = (name: string, userId: string, seconds: number) => handled(name, userId, seconds, 0).slice(0, 2);

const after = (seconds: number, events: readonly (CallCenterEvent | readonly CallCenterEvent[])[]) => {
  const client = connectClient(
    scripted(
      events.flat().sort((a, b) => a.atMs - b.atMs),
      roster,
    ),
  );
  return (medium?: string, waiting?: string, queueId = sales): number | undefined => {
    const path = `/api/v2/routing/queues/${queueId}/${medium === undefined ? '' : `mediatypes/${medium}/`}`;
    const asked = waiting === undefined ? '' : `?conversationId=${callId(waiting)}`;
    const { results } = bodyOf(client.askAt(startMs + seconds * 1000, 'GET', `${path}estimatedwaittime${asked}`));
    return (results[0] as { estimatedWaitTimeSeconds?: number } | undefined)?.estimatedWaitTimeSeconds;
  };
};

describe('the estimated wait', () => {
  const usual = [on(ann), ...handled('a', ann, 0, 60), ...busy('b', ann, 61), arrival('c', 62)];

  test('is handle time over agents, for each call that goes first and once more', () => {
    const ask = after(63, usual);
    expect([ask(), ask('call'), ask('call', 'c')]).toEqual([120, 120, 60]);
    expect(after(63, [...usual, on(bob), busy('d', bob, 61)])()).toBe(60);
  });

  test('names what was asked for', () => {
    const client = connectClient(scripted(usual, roster));
    const ask = (medium: string) =>
      client.askAt(startMs + 63_000, 'GET', `/api/v2/routing/queues/${sales}/${medium}estimatedwaittime`).body;
    const told = { formula: 'BEST', estimatedWaitTimeSeconds: 120 };
    expect(ask('')).toEqual({ results: [{ intent: 'ALL', ...told }] });
    expect(ask('mediatypes/CALL/')).toEqual({ results: [{ intent: 'CALL', ...told }] });
  });

  test('is nothing where nothing can be said: nobody works, nothing was handled, the medium is not served', () => {
    expect(after(0, usual)()).toBeUndefined();
    expect(after(63, usual)('email')).toBeUndefined();
    expect(after(63, usual)('chat')).toBeUndefined();
    expect(after(63, usual)(undefined, undefined, support)).toBeUndefined();
    const off = { kind: 'agent-off', atMs: startMs + 61_000, userId: ann } as const;
    expect(after(63, [on(ann), handled('a', ann, 0, 60), off])()).toBeUndefined();
    expect(after(5 * 3600, [on(ann), handled('a', ann, 0, 60)])()).toBeUndefined();
    const client = connectClient(scripted([]));
    const path = `/api/v2/routing/queues/${sales}/mediatypes/pigeon/estimatedwaittime`;
    expect(client.ask('GET', path).status).toBe(400);
  });

  test('is none if somebody is free, who neither alerts nor fails to respond', () => {
    const alert = { kind: 'alert', atMs: startMs + 71_000, callId: callId('b'), userId: ann } as const;
    const missed = { ...alert, kind: 'alert-missed', atMs: startMs + 79_000 } as const;
    const one = [on(ann), ...handled('a', ann, 0, 60)];
    expect(after(70, one)()).toBe(0);
    expect(after(72, [...one, arrival('b', 70), alert])()).toBe(60);
    expect(after(80, [...one, arrival('b', 70), alert, missed])()).toBeUndefined();
    expect(after(80, [...one, arrival('b', 70), alert, missed, on(bob)])()).toBe(120);
  });

  test('counts each medium by its own handle time, and first what has priority in the others', () => {
    const email = { mediaType: 'email' } as const;
    const ask = after(400, [
      on(ann),
      handled('mail', ann, 0, 240, email),
      handled('call', ann, 250, 60, { priority: 3 }),
      busy('now', ann, 320),
      arrival('mail waits', 330, email),
      arrival('call waits', 340, { priority: 3 }),
    ]);
    expect([ask('call', 'call waits'), ask('email', 'mail waits')]).toEqual([60, 480]);
    // The next call is thought to be like the one before it.
    expect([ask('call'), ask('email')]).toEqual([120, 720]);
  });

  test('counts what waits in another queue of the same agents, by the part of its members that they are', () => {
    const other = [arrival('d', 62, { queueId: support }), arrival('e', 62, { queueId: support })];
    const ask = after(63, [...usual, ...other]);
    expect(ask()).toBe(60 * (1 + 1 + 2));
    const back = after(163, [
      on(ann),
      handled('a', ann, 0, 60, { queueId: support }),
      busy('b', ann, 61),
      arrival('c', 62),
    ]);
    // Of the two who could take the call of sales, one is a member of support.
    expect(back(undefined, undefined, support)).toBe(60 * (1 + 0.5));
  });

  test('takes into account that some of those who go first give up', () => {
    const givesUp = [arrival('d', 1), { kind: 'abandon', atMs: startMs + 2000, callId: callId('d') } as const];
    expect(after(63, [...usual, givesUp])()).toBe(100);
  });

  test.each([3, 8])('in a busy made-up centre (seed %d) is near the waits of calls, and longer for emails', (seed) => {
    const settings = { seed, load: 1.8, startMs, durationMs: 4 * 3_600_000 };
    const platform = createPlatform({
      driver: createModel(settings),
      clients: [{ id: 'client', secret: 'secret' }],
      requestsPerMinute: 1_000_000,
    });
    const { voice, email } = meansOf(clientOf(platform, 'client', 'secret', startMs - 5000), settings);
    expect(voice.estimated / voice.waited).toBeGreaterThan(0.5);
    expect(voice.estimated / voice.waited).toBeLessThan(2);
    expect(email.estimated).toBeGreaterThan(1.5 * voice.estimated);
  });
});

/** Seconds, estimated just before each arrival and waited until its answer, in the mean of those that were answered. */
function meansOf(client: VirtualClient, settings: Parameters<typeof createModel>[0]) {
  const estimates = new Map<string, { mediaType: MediaType; seconds: number; atMs: number }>();
  const sums = { voice: { estimated: 0, waited: 0, count: 0 }, email: { estimated: 0, waited: 0, count: 0 } };
  for (const event of createModel(settings).events) {
    if (event.kind === 'arrival' && event.atMs > settings.startMs + 3_600_000) {
      const { mediaType = 'voice', queueId, callId: id, atMs } = event;
      const path = `/api/v2/routing/queues/${queueId}/mediatypes/${settingNameOf(mediaType)}/estimatedwaittime`;
      const [told] = bodyOf(client.askAt(atMs - 1, 'GET', path)).results as unknown as readonly {
        estimatedWaitTimeSeconds: number;
      }[];
      if (told !== undefined) estimates.set(id, { mediaType, seconds: told.estimatedWaitTimeSeconds, atMs });
    }
    const known = event.kind === 'answer' ? estimates.get(event.callId) : undefined;
    if (event.kind !== 'answer' || known === undefined) continue;
    estimates.delete(event.callId);
    if (known.mediaType !== 'voice' && known.mediaType !== 'email') continue;
    const sum = sums[known.mediaType];
    sum.estimated += known.seconds;
    sum.waited += (event.atMs - known.atMs) / 1000;
    sum.count += 1;
  }
  const mean = ({ estimated, waited, count }: (typeof sums)['voice']) => ({
    estimated: estimated / count,
    waited: waited / count,
  });
  return { voice: mean(sums.voice), email: mean(sums.email) };
}
