import { expect, test } from 'vitest';
import { centreOf, startVirtualRun, type VirtualRun } from '../support/virtual-subscriber.ts';
import { scripted, startMs } from '../src/simulator/virtual-client.ts';

const listed = (run: VirtualRun, path: string) => run.asked.filter(({ what }) => what.endsWith(path));

test('a subscriber shares its topics out over channels of a thousand, and is ready within three minutes inside the rate limit', async () => {
  const roster = centreOf(5_000, 4_000);
  const run = startVirtualRun({ driver: scripted([], roster), random: () => 0.5 });
  await run.runUntil(startMs + 180_000);
  expect(run.asked.filter(({ status }) => status === 429)).toEqual([]);
  expect(listed(run, '/notifications/channels')).toHaveLength(14);
  expect(run.openSockets()).toBe(14);
  expect(run.arrivals.findLast((each) => each.kind === 'tick')?.heardUntilMs).toBeGreaterThan(startMs + 160_000);
  const snapshots = run.arrivals.filter((each) => each.kind === 'rest' && each.path.includes('/queues/observations'));
  const known = new Set(snapshots.flatMap((each) => (each.kind === 'rest' ? each.queueIds : [])));
  expect(known.size).toBe(5_000);
  await run.stop();
}, 120_000);
