import { from, map, mergeMap } from 'rxjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeArrival } from '../../src/genesys/decode.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { createModel } from '../../src/simulator/model/model.ts';
import { dayAt } from '../../streams/calendar.ts';
import { derive } from '../../streams/derive.ts';
import type { IntervalTotals } from '../../streams/kpis.ts';
import { channelGap } from '../../streams/records/channel-gap.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { totalsOfCalls } from '../support/call-totals.ts';
import { deriveSettings } from '../support/derive-settings.ts';
import { startVirtualRun } from '../support/virtual-subscriber.ts';

// A week of a centre, heard live with three outages, held against the log of what happened there.

const timeZone = 'Europe/Berlin';
const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The clocks go forward on its Sunday. */
const startMs = Date.UTC(2026, 2, 22, 23);
const endMs = Date.UTC(2026, 2, 29, 22);

const outages = [
  { atMs: startMs + 10 * hourMs + 7 * minuteMs, forMs: 10 * minuteMs },
  { atMs: startMs + 36 * hourMs + 20 * minuteMs, forMs: 3 * hourMs },
  { atMs: startMs + 83 * hourMs + 41 * minuteMs, forMs: 24 * hourMs },
];
const faultsOf = ({ atMs, forMs }: (typeof outages)[number]): { readonly atMs: number; readonly fault: Fault }[] => [
  { atMs, fault: { kind: 'refuse-sockets', forMs, status: 503 } },
  { atMs, fault: { kind: 'server-error', pathPrefix: '/api/', forMs, status: 503 } },
  { atMs: atMs + 1, fault: { kind: 'drop-socket' } },
];

type Window = (typeof queueWindow.schema)['_output'];
type Gap = (typeof channelGap.schema)['_output'];
let windows: readonly Window[] = [];
let gaps: readonly Gap[] = [];
let happened: (fromMs: number, untilMs: number) => ReadonlyMap<string, IntervalTotals>;

beforeAll(async () => {
  const driver = createModel({ seed: 11, queues: 3, agents: 12, startMs, durationMs: endMs - startMs, timeZone });
  const run = startVirtualRun({
    ...{ driver, random: () => 0.5, tickMs: 5_000, timeZones: [timeZone] },
    options: { faultPlan: outages.flatMap(faultsOf) },
  });
  await run.runUntil(endMs + 2 * hourMs);
  await run.stop();
  const latest = new Map<string, Window>();
  const told = new Map<string, Gap>();
  from(run.arrivals)
    .pipe(
      mergeMap((arrival) => decodeArrival(arrival)),
      derive({ ...deriveSettings, timeZone }).operator,
      map(({ type, key, value }) => {
        if (type === queueWindow) latest.set(key, queueWindow.schema.parse(value));
        if (type === channelGap) told.set(key, channelGap.schema.parse(value));
      }),
    )
    .subscribe();
  windows = [...latest.values()];
  gaps = [...told.values()];
  happened = (fromMs, untilMs) => totalsOfCalls(run.platform.center.history.all(), fromMs, untilMs);
}, 600_000);

const ofSize = (size: string) => windows.filter((window) => window.size === size);
const totalNames = [
  'offered',
  'answered',
  'abandoned',
  'flowedOut',
  'handled',
  'handleMs',
  'talkMs',
  'waitMs',
] as const;
const overlapMs = (a: { startMs: number; endMs: number | null }, b: { startMs: number; endMs: number }) =>
  Math.max(0, Math.min(a.endMs ?? Infinity, b.endMs) - Math.max(a.startMs, b.startMs));

describe('a week heard live, with outages of ten minutes, three hours and a day', () => {
  test('has each closed day of every queue and medium as it happened, to the millisecond, the day of 23 hours too', () => {
    const days = ofSize('P1D').filter((day) => day.endMs <= endMs);
    expect(new Set(days.map((day) => day.startMs)).size).toBe(7);
    for (const day of days) {
      expect(day).toMatchObject({ startMs: dayAt(day.startMs, timeZone).startMs, totalsCoverage: 1 });
      const truth = happened(day.startMs, day.endMs).get(`${day.queueId} ${day.mediaType}`);
      for (const name of totalNames) expect([name, day[name]]).toEqual([name, truth?.[name] ?? 0]);
    }
  });

  test('has days that are the sums of their half hours', () => {
    for (const day of ofSize('P1D')) {
      const halves = ofSize('PT30M').filter(
        (half) =>
          half.queueId === day.queueId &&
          half.mediaType === day.mediaType &&
          half.startMs >= day.startMs &&
          half.startMs < day.endMs,
      );
      for (const name of totalNames) {
        expect(halves.reduce((sum, half) => sum + (half[name] ?? 0), 0)).toBe(day[name] ?? 0);
      }
    }
  });

  test('says of every day how much of it was not seen, and a gap explains it', () => {
    expect(gaps.length).toBeGreaterThanOrEqual(outages.length);
    // Other media are not seen before somebody uses them.
    const days = ofSize('P1D').filter((day) => day.mediaType === 'voice' && day.endMs <= endMs);
    for (const day of days) {
      const unseenMs = (1 - day.coverage) * (day.endMs - day.startMs);
      const gapMs = gaps.reduce((sum, gap) => sum + overlapMs(gap, day), 0);
      // The first look at the centre takes a moment.
      const slackMs = day.startMs === startMs ? minuteMs : 1;
      expect(unseenMs).toBeGreaterThanOrEqual(gapMs - 1);
      expect(unseenMs).toBeLessThanOrEqual(gapMs + slackMs);
    }
  });
});
