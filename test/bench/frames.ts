import { Subject } from 'rxjs';
import { type Arrival, toFrameArrival } from '../../src/genesys/arrival.ts';
import { decode } from '../../src/genesys/decode.ts';
import { observationsBody } from '../../src/genesys/wire.ts';
import { derive } from '../../streams/derive.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { predictSeedWait } from '../../streams/seed-wait.ts';
import { deriveSettings } from '../support/derive-settings.ts';

// Frame text to serialised records on one core, without socket and disk.

const rounds = 7;
const frames = 60_000;
const queues = 50;
const startMs = Date.UTC(2026, 2, 2, 9);

/** Observation frames of some 580 bytes with changing counts, the same for each run. */
function makeFrames(): readonly { readonly text: string; readonly atMs: number }[] {
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  const handled = new Map<string, number>();
  return Array.from({ length: frames }, (_, index) => {
    const queueId = `11111111-1111-4111-8111-${String(random(queues)).padStart(12, '0')}`;
    const atMs = startMs + index * 20;
    const now = new Date(atMs).toISOString();
    const half = new Date(atMs - (atMs % 1_800_000)).toISOString();
    const halfEnd = new Date(atMs - (atMs % 1_800_000) + 1_800_000).toISOString();
    const group = index % 3 === 0 ? { queueId } : { queueId, mediaType: 'voice' };
    const count = (handled.get(queueId + half) ?? 0) + 1;
    handled.set(queueId + half, count);
    const instant =
      index % 3 === 0
        ? ['IDLE', 'INTERACTING', 'COMMUNICATING'].map((qualifier) => ({
            metric: 'oOnQueueUsers',
            qualifier,
            stats: { count: 1 + random(9) },
          }))
        : [
            { metric: 'oWaiting', stats: { count: random(12) } },
            { metric: 'oInteracting', stats: { count: random(30) } },
          ];
    const data: unknown[] = [{ interval: `${now}/${now}`, metrics: instant }];
    if (index % 3 !== 0) {
      const metrics = [
        { metric: 'nOffered', stats: { count } },
        { metric: 'tHandle', stats: { count, sum: count * 180_000, min: 2_100, max: 610_000 } },
        {
          metric: 'oServiceLevel',
          stats: { ratio: 0.8, numerator: Math.floor(count * 0.8), denominator: count, target: 0.8 },
        },
      ];
      data.push({ interval: `${half}/${halfEnd}`, metrics });
    }
    const text = JSON.stringify({
      topicName: `v2.analytics.queues.${queueId}.observations`,
      version: '2',
      eventBody: { group, data },
      metadata: { CorrelationId: 'b1e5c1d2-0000-4000-8000-000000000001' },
    });
    return { text, atMs };
  });
}

const input = makeFrames();
const queueIds = new Set(input.map((frame) => String(JSON.parse(frame.text).eventBody.group.queueId)));
const bytesMean = input.reduce((sum, frame) => sum + frame.text.length, 0) / input.length;

/** JSON.parse, the formula, JSON.stringify; no checks, no RxJS. */
function bareLoop(): number {
  const waiting = new Map<string, number>();
  const idle = new Map<string, number>();
  let bytes = 0;
  for (const { text, atMs } of input) {
    const { group, data } = JSON.parse(text).eventBody;
    for (const { metrics } of data) {
      for (const { metric, qualifier, stats } of metrics) {
        if (metric === 'oWaiting') waiting.set(group.queueId, stats.count);
        if (metric === 'oOnQueueUsers' && qualifier === 'IDLE') idle.set(group.queueId, stats.count);
      }
    }
    const prediction = predictSeedWait({
      inQueue: waiting.get(group.queueId) ?? 0,
      agentsAvailable: idle.get(group.queueId) ?? 0,
      ahtSeconds: 180,
      avgWaitSeconds: 30,
    });
    bytes += JSON.stringify({ queueId: group.queueId, mediaType: 'voice', ...prediction, issuedAtMs: atMs }).length;
  }
  return bytes;
}

interface Derived {
  bytes: number;
  outputs: number;
}

/** Everything: stamp, decode with zod, all operators, JSON.stringify of every output. */
function wholeChain(): Derived {
  const derived = { bytes: 0, outputs: 0 };
  const events$ = new Subject<QueueEvent>();
  events$.pipe(derive(deriveSettings).operator).subscribe((output) => {
    derived.outputs += 1;
    derived.bytes += JSON.stringify(output.value).length;
  });
  const arrivals$ = new Subject<Arrival>();
  arrivals$.pipe(decode()).subscribe(events$);
  for (const queueId of queueIds) {
    const groups = [
      { mediaType: null, metrics: [] },
      { mediaType: 'voice', metrics: [] },
    ];
    events$.next({ kind: 'queue-snapshot', receivedAtMs: startMs, queueId, groups, waiting: [] });
  }
  let tickMs = startMs;
  for (const { text, atMs } of input) {
    arrivals$.next(toFrameArrival(text, atMs));
    if (atMs < tickMs + 1_000) continue;
    tickMs = atMs;
    events$.next({ kind: 'tick', receivedAtMs: atMs, heardUntilMs: atMs });
  }
  return derived;
}

function parseOnly(): number {
  let groups = 0;
  for (const { text } of input) if (JSON.parse(text).eventBody.group !== undefined) groups += 1;
  return groups;
}

const parsed: readonly unknown[] = input.map((frame) => JSON.parse(frame.text).eventBody);

function zodOnly(): number {
  let good = 0;
  for (const body of parsed) if (observationsBody.safeParse(body).success) good += 1;
  return good;
}

function timed(work: () => unknown): number {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const works = { bareLoop, wholeChain, parseOnly, zodOnly };

/** How fast frames become records, as a ratio to a loop that checks nothing, and what zod takes of it. */
export function measureFrames(say: (line: string) => void): void {
  const times: Record<keyof typeof works, number[]> = { bareLoop: [], wholeChain: [], parseOnly: [], zodOnly: [] };
  for (let round = 0; round < rounds + 2; round++) {
    for (const name of ['bareLoop', 'wholeChain', 'parseOnly', 'zodOnly'] as const) {
      const ms = timed(works[name]);
      // The first two warm up.
      if (round >= 2) times[name].push(ms);
    }
  }
  const perSecond = (name: keyof typeof works) => Math.round((frames / median(times[name])) * 1000);
  const ratios = times.wholeChain.map((ms, round) => (times.bareLoop[round] ?? NaN) / ms);
  const zodRatios = times.zodOnly.map((ms, round) => ms / (times.parseOnly[round] ?? NaN));
  const { outputs } = wholeChain();
  say(`frames: ${frames} of ${Math.round(bytesMean)} bytes, ${queues} queues; medians of ${rounds} rounds`);
  say(`bare loop: ${perSecond('bareLoop')} frames/s`);
  const recordsAFrame = (outputs / frames).toFixed(2);
  say(`frame text to serialised outputs: ${perSecond('wholeChain')} frames/s, ${recordsAFrame} records a frame`);
  const byRecord = ((median(ratios) * outputs) / frames).toFixed(2);
  say(`ratio to the bare loop: ${median(ratios).toFixed(2)} by frame (aim 0.70), ${byRecord} by record`);
  say(`zod to JSON.parse: ${median(zodRatios).toFixed(2)} (at most 0.35)`);
}
