import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { announceSeedWait, predictSeedWait } from '../../streams/seed-wait.ts';

describe('predictSeedWait', () => {
  test('takes what is missing, null or negative for an empty queue and the usual times', () => {
    const unknown = { inQueue: 0, agentsAvailable: 0, effectiveAgents: 1, ahtSeconds: 240, avgWaitSeconds: 30 };
    const nothing = { inQueue: null, agentsAvailable: null, ahtSeconds: null, avgWaitSeconds: null };
    const negative = { inQueue: -1, agentsAvailable: -2, ahtSeconds: -0.5, avgWaitSeconds: -30 };
    const impossible = { inQueue: NaN, agentsAvailable: NaN, ahtSeconds: Infinity, avgWaitSeconds: NaN };
    for (const input of [{}, nothing, negative, impossible]) expect(predictSeedWait(input)).toMatchObject(unknown);
  });

  test('takes 0 seconds of handling for what it is: no wait', () => {
    const wait = predictSeedWait({ inQueue: 3, agentsAvailable: 1, ahtSeconds: 0 });
    expect(wait).toMatchObject({ ahtSeconds: 0, predictedWaitSeconds: 0, predictedWaitFormatted: '0:00' });
    expect(wait.announcement).toBe('Your estimated wait time is 0 seconds. There are 3 callers ahead of you.');
  });

  test('divides by one agent where there is none, and says that there is none', () => {
    const none = predictSeedWait({ inQueue: 5, agentsAvailable: 0 });
    expect(none).toMatchObject({ agentsAvailable: 0, effectiveAgents: 1, confidence: 0.2 });
    expect(none.predictedWaitSeconds).toBe(predictSeedWait({ inQueue: 5, agentsAvailable: 1 }).predictedWaitSeconds);
  });

  test('rounds half a second to the even one', () => {
    expect(predictSeedWait({ inQueue: 1, agentsAvailable: 1, ahtSeconds: 240 }).predictedWaitSeconds).toBe(298);
  });

  test('stops at half an hour and says that it did', () => {
    expect(predictSeedWait({ inQueue: 200, agentsAvailable: 1 })).toMatchObject({
      predictedWaitSeconds: 1800,
      predictedWaitFormatted: '30:00',
      capped: true,
      announcement: 'Your estimated wait time is 30 minutes. There are 200 callers ahead of you.',
    });
    expect(predictSeedWait({ inQueue: 5, agentsAvailable: 1 }).capped).toBe(false);
  });

  test('stays within its bounds whatever it is given', () => {
    const number = fc.oneof(fc.constant(null), fc.double());
    const input = fc.record({ inQueue: number, agentsAvailable: number, ahtSeconds: number, avgWaitSeconds: number });
    fc.assert(
      fc.property(input, (each) => {
        const { predictedWaitSeconds, confidence } = predictSeedWait(each);
        expect(predictedWaitSeconds).toSatisfy((s: number) => Number.isInteger(s) && s >= 0 && s <= 1800);
        expect(confidence).toSatisfy((c: number) => c >= 0 && c <= 1);
      }),
    );
  });
});

describe('announceSeedWait', () => {
  test.each([
    [0, 0, 'You are next in line. Please stay on the line.'],
    [1, 1, 'Your estimated wait time is 1 second. There is 1 caller ahead of you.'],
    [59, 2, 'Your estimated wait time is 59 seconds. There are 2 callers ahead of you.'],
    [60, 2, 'Your estimated wait time is 1 minute. There are 2 callers ahead of you.'],
    [239, 1, 'Your estimated wait time is 3 minutes. There is 1 caller ahead of you.'],
  ])('says %d s with %d in the queue in whole minutes and right plurals', (seconds, inQueue, text) => {
    expect(announceSeedWait(seconds, inQueue)).toBe(text);
  });
});
