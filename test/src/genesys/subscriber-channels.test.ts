import { describe, expect, test } from 'vitest';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import type { Platform } from '../../../src/simulator/platform.ts';
import { centreOf, startVirtualRun, type VirtualRun } from '../../support/virtual-subscriber.ts';
import { callId, sales, scripted, startMs } from '../simulator/virtual-client.ts';

const gapsOf = ({ arrivals }: VirtualRun) => arrivals.filter((arrival) => arrival.kind === 'channel-gap');
const listed = (run: VirtualRun, path: string) => run.asked.filter(({ what }) => what.endsWith(path));

describe('a subscriber', () => {
  test('says which queues and agents a lost channel was deaf to, and the others go on', async () => {
    const run = startVirtualRun({ driver: scripted([], centreOf(600, 100)), random: () => 0.5 });
    await run.runUntil(startMs + 60_000);
    expect(run.openSockets()).toBe(2);
    run.drop(1);
    await run.runUntil(startMs + 90_000);
    const gaps = gapsOf(run);
    expect(gaps.map(({ channel, endMs }) => ({ channel, open: endMs === null }))).toEqual([
      { channel: 1, open: true },
      { channel: 1, open: false },
    ]);
    expect(gaps.map(({ queueIds, userIds }) => [queueIds?.length, userIds?.length])).toEqual([
      [100, 100],
      [100, 100],
    ]);
    await run.stop();
  });

  test('says of a queue that comes to a deaf channel that it is deaf to that one too', async () => {
    const roster = centreOf(5, 1);
    const newest = roster.queues.at(-1)?.id;
    let isSeen = false;
    const handle =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) => {
        const answer = platform.handle(request, nowMs);
        if (request.path !== '/api/v2/routing/queues' || isSeen) return answer;
        const { entities } = answer.body as { entities: { id: string }[] };
        return { ...answer, body: { entities: entities.filter(({ id }) => id !== newest) } };
      };
    const many = { topicsPerChannelMax: 6, inventoryEveryMs: 60_000 };
    const run = startVirtualRun({ driver: scripted([], roster), random: () => 0.5, handle, ...many });
    await run.runUntil(startMs + 50_000);
    expect(run.openSockets()).toBe(2);
    isSeen = true;
    run.platform.inject({ kind: 'refuse-sockets', status: 503, forMs: 40_000 }, startMs + 50_000);
    run.drop(1);
    await run.runUntil(startMs + 180_000);
    expect(gapsOf(run).map(({ queueIds, endMs }) => [queueIds?.includes(newest ?? ''), endMs === null])).toEqual([
      [false, true],
      [true, true],
      [true, false],
    ]);
    await run.stop();
  });

  test('watches what comes, and lets go what leaves, while a channel is still asking how it stands', async () => {
    const roster = centreOf(3, 1);
    const [first, second, third] = roster.queues.map(({ id }) => id);
    let visible = [first, second];
    const handle =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) => {
        const answer = platform.handle(request, nowMs);
        // The channel's second question takes so long that queues are listed anew meanwhile.
        const isSlow = request.path.endsWith('/queues/observations/query') && nowMs > startMs + 50_000;
        if (isSlow && visible.includes(first)) return { ...answer, delayMs: 20_000 };
        if (request.path !== '/api/v2/routing/queues') return answer;
        const { entities } = answer.body as { entities: { id: string }[] };
        return { ...answer, body: { entities: entities.filter(({ id }) => visible.includes(id)) } };
      };
    const run = startVirtualRun({ driver: scripted([], roster), random: () => 0.5, handle, inventoryEveryMs: 60_000 });
    await run.runUntil(startMs + 50_500);
    run.drop(0);
    await run.runUntil(startMs + 55_000);
    visible = [second, third];
    await run.runUntil(startMs + 100_000);
    const events = run.arrivals.flatMap(decodeArrival).filter(({ receivedAtMs }) => receivedAtMs > startMs + 55_000);
    const removedAt = events.findIndex(({ kind }) => kind === 'queue-removed');
    const known = events.slice(removedAt).flatMap((event) => (event.kind === 'queue-snapshot' ? [event.queueId] : []));
    expect(removedAt).toBeGreaterThanOrEqual(0);
    expect(known).toContain(third);
    expect(known).not.toContain(first);
    expect(gapsOf(run).at(-1)?.endMs).not.toBeNull();
    await run.stop();
  });

  test('watches a queue that appears, and says that one is gone', async () => {
    const roster = centreOf(3, 3);
    const [first, second, third] = roster.queues.map(({ id }) => id);
    let visible = [first, second];
    const handle =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) => {
        const answer = platform.handle(request, nowMs);
        if (request.path !== '/api/v2/routing/queues') return answer;
        const { entities } = answer.body as { entities: { id: string }[] };
        return { ...answer, body: { entities: entities.filter(({ id }) => visible.includes(id)) } };
      };
    const run = startVirtualRun({ driver: scripted([], roster), random: () => 0.5, handle, inventoryEveryMs: 60_000 });
    await run.runUntil(startMs + 30_000);
    visible = [second, third];
    await run.runUntil(startMs + 90_000);
    expect(run.arrivals.filter(({ kind }) => kind === 'queue-removed')).toMatchObject([{ queueId: first }]);
    const asked = run.arrivals.filter((each) => each.kind === 'rest' && each.path.includes('/queues/observations'));
    expect(asked.at(-1)).toMatchObject({ queueIds: [second, third] });
    expect(run.asked.filter(({ status }) => status !== 200)).toEqual([]);
    expect(gapsOf(run)).toEqual([]);
    await run.stop();
  });

  test('keeps a healthy socket when it cannot be asked how everything stands, and asks again a minute later', async () => {
    const downMs = [startMs + 55_000, startMs + 100_000] as const;
    const handle =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) => {
        const answer = platform.handle(request, nowMs);
        const isDown = nowMs >= downMs[0] && nowMs < downMs[1] && request.path.endsWith('/subscriptions');
        return isDown ? { ...answer, status: 503, body: {} } : answer;
      };
    let failedLooks = 0;
    const run = startVirtualRun({
      ...{ driver: scripted([], centreOf(3, 3)), random: () => 0.5, handle, inventoryEveryMs: 60_000 },
      onLookFailed: () => (failedLooks += 1),
    });
    const answers = () =>
      run.arrivals.filter((each) => each.kind === 'rest' && each.path.includes('/queues/observations'));
    await run.runUntil(startMs + 59_000);
    expect(answers()).toHaveLength(1);
    await run.runUntil(startMs + 118_000);
    expect({ failedLooks, answers: answers().length }).toEqual({ failedLooks: 1, answers: 1 });
    await run.runUntil(startMs + 200_000);
    // That of the next time, and that which was owed.
    expect(answers().length).toBeGreaterThanOrEqual(3);
    expect({ failedLooks, gaps: gapsOf(run), open: run.openSockets() }).toEqual({ failedLooks: 1, gaps: [], open: 1 });
    expect(run.heard.filter((text) => text.includes('socket_closing'))).toEqual([]);
    expect(listed(run, '/notifications/channels').filter(({ what }) => what.startsWith('POST'))).toHaveLength(1);
    await run.stop();
  });

  test('goes on with a journal: a gap of all queues, from what was heard last until all channels are live', async () => {
    const journal = { untilMs: startMs - 5_000, heardUntilMs: startMs - 20_000 };
    const run = startVirtualRun({ driver: scripted([], centreOf(600, 1)), random: () => 0.5, journal });
    await run.runUntil(startMs + 30_000);
    const gap = { channel: 0, queueIds: null, userIds: null, startMs: startMs - 20_000, cause: 'restart' };
    expect(gapsOf(run)).toMatchObject([
      { ...gap, endMs: null },
      { ...gap, repairedBy: 'snapshot' },
    ]);
    const ready = run.arrivals.findLastIndex((each) => each.kind === 'rest');
    expect(run.arrivals.findIndex((each) => each.kind === 'channel-gap' && each.endMs !== null)).toBeGreaterThan(ready);
    await run.stop();
  });

  test('reads a half hour again that a gap has touched, once it is over for a quarter of an hour', async () => {
    const half = 1_800_000;
    const missed = [
      { kind: 'arrival' as const, atMs: startMs + half + 60_500, callId: callId('a'), queueId: sales, priority: 0 },
      { kind: 'abandon' as const, atMs: startMs + half + 61_000, callId: callId('a') },
    ];
    const run = startVirtualRun({ driver: scripted(missed), random: () => 0.5 });
    await run.runUntil(startMs + half + 60_000);
    run.drop(0);
    await run.runUntil(startMs + 3 * half);
    const readings = run.arrivals
      .flatMap(decodeArrival)
      .filter((event) => event.kind === 'interval-read' && event.queueId === sales && event.startMs >= startMs);
    expect(readings).toMatchObject([
      // That in which it began, and that of the gap.
      { startMs, groups: [] },
      { startMs: startMs + half, groups: [{ mediaType: 'voice' }] },
    ]);
    const [, reading] = readings;
    const metrics = reading?.kind === 'interval-read' ? (reading.groups[0]?.metrics ?? []) : [];
    const countOf = (name: string) => metrics.find(({ metric }) => metric === name)?.stats.count;
    expect({ offered: countOf('nOffered'), abandoned: countOf('tAbandon') }).toEqual({ offered: 1, abandoned: 1 });
    expect(reading?.receivedAtMs).toBeGreaterThan(startMs + 2 * half + 900_000);
    await run.stop();
  });

  test('reads the day at its first start, from midnight on, in one question; one that goes on with a journal knows it', async () => {
    const half = 1_800_000;
    const midnightMs = Math.floor(startMs / 86_400_000) * 86_400_000;
    const readingsOf = (run: ReturnType<typeof startVirtualRun>) =>
      run.arrivals
        .flatMap(decodeArrival)
        .flatMap((event) => (event.kind === 'interval-read' && event.queueId === sales ? [event.startMs] : []));
    const first = startVirtualRun({ driver: scripted([]), random: () => 0.5 });
    await first.runUntil(startMs + 120_000);
    const overForLong = Math.floor((startMs - 900_000 - midnightMs) / half);
    expect(readingsOf(first)).toEqual(Array.from({ length: overForLong }, (_, index) => midnightMs + index * half));
    expect(listed(first, '/conversations/aggregates/query')).toHaveLength(1);
    await first.stop();
    const journal = { untilMs: startMs - 5_000, heardUntilMs: startMs - 20_000 };
    const next = startVirtualRun({ driver: scripted([]), random: () => 0.5, journal });
    await next.runUntil(startMs + 120_000);
    expect(readingsOf(next).filter((atMs) => atMs < startMs - 2 * half)).toEqual([]);
    await next.stop();
  });

  test('lives through two days of its channel, renewed in time: every event is heard once, and there is no gap', async () => {
    const hourMs = 3_600_000;
    const calls = Array.from({ length: 96 }, (_, number) => number).flatMap((number) => [
      {
        kind: 'arrival' as const,
        atMs: startMs + number * hourMs * 0.5 + 60_000,
        callId: callId(`${number}`),
        queueId: sales,
        priority: 0,
      },
      { kind: 'abandon' as const, atMs: startMs + number * hourMs * 0.5 + 90_000, callId: callId(`${number}`) },
    ]);
    const sent: string[] = [];
    const options = { onFrameSent: (_: string, text: string) => sent.push(text) };
    const run = startVirtualRun({ driver: scripted(calls), random: () => 0.5, options, tickMs: 10_000 });
    await run.runUntil(startMs + 48 * hourMs);
    expect(listed(run, '/notifications/channels').filter(({ what }) => what.startsWith('POST'))).toHaveLength(1);
    expect(run.asked.filter(({ what }) => what.startsWith('PUT')).length).toBeGreaterThan(3);
    expect(gapsOf(run)).toEqual([]);
    expect(run.heard).toEqual(sent);
    expect(sent.filter((text) => text.includes('.observations')).length).toBeGreaterThanOrEqual(2 * 96);
    await run.stop();
  }, 60_000);

  test('runs on observations alone, without lists of who waits that nobody would keep up to date', async () => {
    const permissions = [
      'analytics:queueObservation:view',
      'analytics:conversationAggregate:view',
      'routing:queue:view',
    ];
    const run = startVirtualRun({
      driver: scripted([]),
      random: () => 0.5,
      options: { clients: [{ id: 'client', secret: 'secret', permissions }] },
    });
    await run.runUntil(startMs + 30_000);
    expect(listed(run, '/conversations/activity/query')).toEqual([]);
    expect(listed(run, '/queues/observations/query')).toHaveLength(1);
    await run.stop();
  });

  test('ends at once when no queue may be watched, and names what is missing', async () => {
    const permissions = ['analytics:queueObservation:view', 'routing:queue:view'];
    const run = startVirtualRun({
      driver: scripted([]),
      random: () => 0.5,
      options: { clients: [{ id: 'client', secret: 'secret', permissions }] },
    });
    await run.runUntil(startMs + 30_000);
    await expect(run.ended).rejects.toMatchObject({
      code: 'QC_GENESYS_PERMISSION',
      message: expect.stringContaining('analytics:conversationAggregate:view') as string,
    });
  });
});
