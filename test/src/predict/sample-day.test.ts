import { expect, test } from 'vitest';
import { samplePath } from '../../../src/commands/settings.ts';
import { createRest } from '../../../src/genesys/rest.ts';
import { predictQueue } from '../../../src/predict/predict.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';
import { createReplay } from '../../../src/simulator/replay.ts';
import { idOf } from '../../../src/simulator/roster.ts';
import { readTrace } from '../../../src/simulator/trace.ts';
import { announced } from './virtual-reader.ts';

/** Every so many of the callers who waited. */
const every = 16;

test('callers of the sample day are foretold from one round of questions nearly as by who listens all day', async () => {
  const trace = await readTrace(samplePath());
  const driver = createReplay(trace, { date: '2026-11-24', timeZone: 'Asia/Jerusalem', loop: false });
  const platform = createPlatform({ driver, clients: [{ id: 'client', secret: 'secret' }], requestsPerMinute: 1e6 });
  const epochMs = driver.startMs - (trace.lines[0]?.t ?? 0) * 1000;
  let nowMs = driver.startMs;
  const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
  const rest = createRest({
    ...{ apiUrl: 'http://virtual.test', loginUrl: 'http://virtual.test', clientId: 'client', clientSecret: 'secret' },
    ...{ clock, random: () => 0 },
    send(url, { method, headers, body = '' }) {
      const { pathname: path, searchParams: query } = new URL(url);
      const answer = platform.handle(
        { method, path, query, body, headers: { ...headers, host: 'virtual.test' } },
        nowMs,
      );
      // Its limits are not what is asked about here.
      return Promise.resolve({ status: answer.status, headers: {}, text: JSON.stringify(answer.body) });
    },
  });
  const reader = { rest, clock, signal: new AbortController().signal, lastAnswer: () => undefined };
  const waits = new Map(trace.lines.flatMap((line) => (line.ev === 'answer' ? [[line.id, line.wait] as const] : [])));
  const waited = trace.lines.flatMap((line) => {
    const waitSeconds = line.ev === 'arrival' ? (waits.get(line.id) ?? 0) : 0;
    return line.ev === 'arrival' && waitSeconds > 0 ? [{ t: line.t, queue: line.q, waitSeconds }] : [];
  });
  const off = { calibrated: 0, tutorial: 0, loss: 0, withinP90: 0, callers: 0 };
  for (const { t, queue, waitSeconds } of waited.filter((_, index) => index % every === 0)) {
    nowMs = epochMs + t * 1000 - 1;
    const wanted = { queue: idOf(queue), mediaType: 'voice' };
    const { predictions } = await predictQueue(reader, wanted, announced);
    const { calibrated, tutorial } = predictions[0]!;
    const { waitSecondsP50: p50, waitSecondsP80: p80, waitSecondsP90: p90 } = calibrated;
    if (p50 === null || p80 === null || p90 === null) continue;
    off.callers += 1;
    off.calibrated += Math.abs(p50 - waitSeconds);
    off.tutorial += Math.abs((tutorial.predicted_wait_seconds ?? 0) - waitSeconds);
    off.withinP90 += waitSeconds <= p90 ? 1 : 0;
    for (const [level, told] of [
      [0.5, p50],
      [0.8, p80],
      [0.9, p90],
    ] as const) {
      off.loss += ((waitSeconds > told ? level : level - 1) * (waitSeconds - told)) / 3;
    }
  }
  expect(off.callers).toBeGreaterThan(30);
  const mean = (sum: number) => sum / off.callers;
  // Without being told of the pace, the regression is off by 65 s in the mean.
  expect(mean(off.calibrated)).toBeLessThan(35);
  expect(mean(off.loss)).toBeLessThan(14);
  expect(mean(off.withinP90)).toBeGreaterThan(0.75);
  expect(mean(off.tutorial)).toBeGreaterThan(3 * mean(off.calibrated));
}, 60_000);
